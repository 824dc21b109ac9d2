// The demo of Tidemark: all of its code, without a build. The client of this page is the one that your pages can use.
import { connect } from '/client.js'

const byId = (id) => document.getElementById(id)
const slot = (node, name) => node.querySelector(`[data-slot=${name}]`)
const { body } = document

// ---- The network, with a switch: the client takes these two in the place of the browser's.

let isCut = false
const sockets = new Set()

class SwitchedSocket extends WebSocket {
  constructor(...args) {
    super(...args)
    sockets.add(this)
    this.addEventListener('close', () => sockets.delete(this))
    if (isCut) this.close()
  }
}

const switchedFetch = (...args) => (isCut ? Promise.reject(new TypeError('The network is cut.')) : fetch(...args))

byId('cut').addEventListener('change', ({ target }) => {
  isCut = target.checked
  if (isCut) for (const socket of sockets) socket.close()
  else window.dispatchEvent(new Event('online')) // the client then tries at once
})

// ---- Who you are: the actor of your writes. Here a name is enough; the server believes it.

const NAMES = ['mara', 'noah', 'lina', 'theo', 'ines', 'kai']
let me = sessionStorage.getItem('name') ?? NAMES[Math.floor(Math.random() * NAMES.length)]
let [db, wasLive, away, silence] = [null, false, null]

function signIn(name) {
  db?.close()
  ;[wasLive, away] = [false, null]
  me = byId('name').value = name
  sessionStorage.setItem('name', name)
  const here = (db = connect(location.origin, { actor: name, WebSocket: SwitchedSocket, fetch: switchedFetch }))
  // One feed for all that the page shows: posts with their comments, and quotes.
  here.liveStore({ path: ['posts', 'quotes'], depth: 1 }).subscribe((state) => here === db && show(state))
  here.connection.subscribe((state) => here === db && showConnection(state))
}

byId('name').addEventListener('change', ({ target }) => {
  const name = target.value.trim()
  if (db.connection.get().pending > 0) say('Wait until what you wrote is sent.')
  else if (name !== '' && name !== me && !name.startsWith('sys:')) return signIn(name)
  target.value = me
})

// ---- What is shown. Nodes stay; only what changed is written, and lit.

const nodes = new Map()
let isFirst = true

function show({ status, documents, byPath, error }) {
  if (status === 'loading') return
  const posts = documents.filter(({ path }) => /^posts\/[^/]+$/.test(path))
  body.dataset.status = status === 'error' ? 'error' : posts.length === 0 ? 'empty' : 'ready'
  slot(body, 'failure').textContent = error?.message ?? ''
  list(byId('posts'), 'post', posts.sort(newestFirst))
  for (const { path } of posts) {
    const comments = documents.filter((document) => document.path.startsWith(`${path}/comments/`))
    list(nodes.get(path).querySelector('.comments'), 'comment', comments.sort(newestFirst).reverse())
  }
  const quote = byPath.get('quotes/my-favorite-quote')
  list(byId('quote'), 'quote', quote === undefined ? [] : [quote])
  isFirst = false
}

const newestFirst = (a, b) => b.createdAt.localeCompare(a.createdAt) || b.path.localeCompare(a.path)

/** Makes the children of `parent` one node for each document, in their order. */
function list(parent, kind, documents) {
  const paths = new Set(documents.map(({ path }) => path))
  for (const node of parent.querySelectorAll(':scope > *')) {
    if (!paths.has(node.dataset.path) && nodes.delete(node.dataset.path)) node.remove()
  }
  documents.forEach((document, i) => {
    const node = nodes.get(document.path) ?? make(kind, document.path)
    if (parent.children[i] !== node) parent.insertBefore(node, parent.children[i] ?? null)
    if (node.shown === document) return
    if (node.shown === undefined && !isFirst) move(node, [{ opacity: 0, transform: 'translateY(-6px)' }, {}], 300)
    node.shown = document
    fill(node, document)
  })
}

function make(kind, path) {
  const node = byId(`${kind}-template`).content.firstElementChild.cloneNode(true)
  node.dataset.path = path
  nodes.set(path, node)
  return node
}

function fill(node, { path, value, version, updatedAt, actor, pending }) {
  node.classList.toggle('pending', pending)
  const by = pending || actor === value?.author ? '' : `, changed by ${actor ?? 'somebody'}`
  const texts = { title: path, ...value, version: version || '…', time: timeOf(updatedAt) + by }
  for (const place of node.querySelectorAll('[data-slot]')) {
    if (place.closest('[data-path]') === node) write(place, plain(texts[place.dataset.slot] ?? ''))
  }
  if (node.querySelector('.past')?.hidden === false && !pending) void attempt(openPast(node))
}

function write(place, text) {
  if (place.textContent === text) return
  const isLit = !['', '…'].includes(place.textContent) && place.dataset.slot !== 'time'
  place.textContent = text
  if (isLit) move(place, [{ backgroundColor: 'var(--lit)' }, { backgroundColor: 'transparent' }], 1200)
}

function move(node, frames, duration) {
  if (!matchMedia('(prefers-reduced-motion: reduce)').matches) node.animate(frames, { duration, easing: 'ease-out' })
}

const timeOf = (time) => new Date(time).toLocaleTimeString([], { timeStyle: 'medium' })
const plain = (value) => (typeof value === 'object' ? JSON.stringify(value) : String(value))

// ---- The connection: what waits, and what came when it was back.

function showConnection({ status, pending }) {
  const isLive = status === 'live'
  const state = isLive ? 'Live' : isCut ? 'Cut off' : status === 'offline' ? 'Offline' : 'Connecting'
  const waiting = pending > 0 && !isLive ? `, ${pending} ${pending === 1 ? 'write waits' : 'writes wait'}` : ''
  body.dataset.connection = status
  slot(body, 'connection').textContent = state + waiting
  wasLive ||= isLive
  if (!isLive && wasLive) away = { since: away?.since ?? Date.now(), most: Math.max(away?.most ?? 0, pending) }
  if (!isLive || away === null || pending > 0) return
  const seconds = Math.max(1, Math.round((Date.now() - away.since) / 1000))
  say(`Back after ${seconds} s, nothing missed${away.most === 0 ? '' : `, and sent what waited: ${away.most}`}.`)
  away = null
}

// ---- What you can do. Each of these is shown at once, and sent until it is answered.

const actions = {
  like: (path) => db.patch(path, { operators: { likes: { $inc: 1 } } }),
  delete: (path) => db.delete(path),
  edit: (path, node, button) => {
    const form = node.querySelector('[data-form=edit]')
    for (const name of ['title', 'text']) form.elements[name].value = node.shown.value?.[name] ?? ''
    toggle(form, button)
    form.elements.title.focus()
  },
  past: (path, node, button) => {
    toggle(node.querySelector('.past'), button)
    return openPast(node)
  },
  restore: async (path, node) => db.restore(path, { version: versionOf(node).version }),
  undo: async () => {
    const { applied, conflicts } = await db.revert({ actor: { actor: me } })
    const stays = conflicts.length === 0 ? '' : ` What others wrote since stays: ${conflicts.length}.`
    say(`${applied.length === 0 ? 'Nothing of yours is left to take back' : `Taken back: ${applied.length}`}.${stays}`)
  },
}

const forms = {
  edit: (path, node, values) => {
    toggle(node.querySelector('[data-form=edit]'), node.querySelector('[data-do=edit]'))
    return db.patch(path, { merge: values })
  },
  comment: (path, node, { text }) => db.post(`${path}/comments`, { text, author: me }),
}

function toggle(panel, button) {
  panel.hidden = !panel.hidden
  button.setAttribute('aria-expanded', String(!panel.hidden))
}

document.addEventListener('click', ({ target }) => {
  const button = target.closest('[data-do]')
  const node = button?.closest('[data-path]')
  if (button) void attempt(actions[button.dataset.do](node?.dataset.path, node, button))
})

document.addEventListener('submit', (event) => {
  event.preventDefault()
  const form = event.target
  const values = Object.fromEntries(new FormData(form))
  const node = form.closest('[data-path]')
  if (node === null) void attempt(db.post('posts', { ...values, author: me, likes: 0, comments: [] }))
  else void attempt(forms[form.dataset.form](node.dataset.path, node, values))
  form.reset()
})

/** The result; when it is refused, the sentence of the server is shown. */
async function attempt(work) {
  try {
    return await work
  } catch (error) {
    say(error.message)
  }
}

function say(text) {
  byId('notice').textContent = text
  clearTimeout(silence)
  silence = setTimeout(() => (byId('notice').textContent = ''), 8_000)
}

// ---- The past of a post: every version is there, one place of the slider each.

async function openPast(node) {
  const { edges } = await db.history(node.dataset.path, { last: 100 })
  const range = node.querySelector('[type=range]')
  const isAtEnd = node.versions === undefined || range.value === range.max
  node.versions = edges.map((edge) => edge.node)
  range.max = String(node.versions.length - 1)
  if (isAtEnd) range.value = range.max
  showVersion(node)
}

const versionOf = (node) => node.versions[Number(node.querySelector('[type=range]').value)]

function showVersion(node) {
  const shown = versionOf(node)
  const before = node.versions[node.versions.indexOf(shown) - 1]
  const what = shown.deleted ? ', deleted' : ''
  const moment = `Version ${shown.version}${what}: ${timeOf(shown.updatedAt)}, ${shown.actor ?? 'somebody'}`
  node.querySelector('.moment').textContent = moment
  node.querySelector('[type=range]').setAttribute('aria-valuetext', moment)
  const fields = Object.keys({ ...before?.value, ...shown.value }).filter((name) => name !== 'comments')
  node.querySelector('.changes').replaceChildren(
    ...fields.flatMap((name) => {
      const [old, now] = [before?.value?.[name], shown.value?.[name]]
      if (before === undefined || old === now) return [element('dt', name), element('dd', plain(now))]
      return [
        element('dt', name),
        element('dd', element('del', plain(old ?? '')), ' ', element('ins', plain(now ?? ''))),
      ]
    }),
  )
}

function element(name, ...parts) {
  const made = document.createElement(name)
  made.append(...parts)
  return made
}

document.addEventListener('input', ({ target }) => {
  if (target.type === 'range') showVersion(target.closest('[data-path]'))
})

signIn(me)

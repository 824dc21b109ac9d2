import { createElement as h, StrictMode, useState, type ReactNode } from 'react'
import type { AnyClient } from '../../../src/react/hooks.ts'
import { createHooks } from '../../../src/react/hooks.ts'

type Blog = { posts: { title: string; likes: number }; 'posts/*/comments': { text: string } }

const { TidemarkProvider, useClient, useConnection, useHistory, useLive, useValue, useWrites } = createHooks<Blog>()

function Posts({ id }: { readonly id: string }): ReactNode {
  // A new object each time that it renders, with the same text.
  const { status, documents, pending } = useLive({ path: 'posts', order: 'desc' })
  const titles = documents.map((post) => `${post.id}:${post.value.title}${post.pending ? '…' : ''}`)
  return h('p', { id }, `${status} ${pending} ${titles.join(' ')}`)
}

function Title({ path }: { readonly path: `posts/${string}/title` | null }): ReactNode {
  const { status, value } = useValue(path)
  return h('p', { id: 'title' }, `${status} ${value ?? 'nothing'}`)
}

function Versions(): ReactNode {
  const { status, value } = useHistory('posts/1', { last: 3 })
  const versions = value?.map((version) => `${version.version}:${version.value?.title ?? 'gone'}`) ?? []
  return h('p', { id: 'versions' }, `${status} ${versions.join(' ')}`)
}

function Status(): ReactNode {
  const { status } = useConnection()
  const refused = useWrites().filter((write) => write.state === 'refused')
  return h('p', { id: 'status' }, `${status} ${refused.map(({ error }) => error?.code).join(' ')}`)
}

function Controls(): ReactNode {
  const client = useClient()
  const [shown, setShown] = useState('1')
  const [isIdle, setIdle] = useState(false)
  const [renders, setRenders] = useState(0)
  const put = (): unknown => client.put('posts/1/title', `Tides ${renders}`)
  const refuse = (): void => void client.put('posts/9/title', 'x').catch(() => {})
  return h(
    'section',
    null,
    h('button', { id: 'put', onClick: () => void put() }),
    h('button', { id: 'refuse', onClick: refuse }),
    h('button', { id: 'other', onClick: () => setShown('2') }),
    h('button', { id: 'idle', onClick: () => setIdle(true) }),
    h('button', { id: 'again', onClick: () => setRenders(renders + 1) }),
    h(Title, { path: isIdle ? null : `posts/${shown}/title` }),
    h(Posts, { id: 'posts', key: 'a' }),
    h(Posts, { id: 'same', key: 'b' }),
  )
}

/** A blog that uses each hook, in StrictMode. */
export function blog(client: AnyClient): ReactNode {
  return h(StrictMode, null, h(TidemarkProvider, { client }, h(Controls), h(Versions), h(Status)))
}

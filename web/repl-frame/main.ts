// oxlint-disable-next-line import/default -- vite makes it
import CodeWorker from './code-worker.ts?worker&inline'

/**
 * Code runs in a worker of this frame: there is no document in it, no window around it and no peer connection, a loop
 * without an end stops nothing else, and it has the origin and the Content-Security-Policy of the frame.
 */
const worker = new CodeWorker()
worker.addEventListener('message', ({ data }) => parent.postMessage(data, '*'))
addEventListener('message', ({ source, data }) => {
  if (source === parent) worker.postMessage(data)
})

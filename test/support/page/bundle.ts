import { fileURLToPath } from 'node:url'
import { build } from 'vite'

/** The script of a page, in one module that imports nothing. `entry`: a path from the root of the repository. */
export async function bundlePage(entry: string): Promise<string> {
  const root = fileURLToPath(new URL('../../..', import.meta.url))
  const result = await build({
    root,
    configFile: false,
    logLevel: 'silent',
    mode: 'development',
    define: { 'process.env.NODE_ENV': '"development"' },
    build: { write: false, minify: false, lib: { entry: `${root}/${entry}`, formats: ['es'], fileName: 'page' } },
  })
  const [{ output }] = (Array.isArray(result) ? result : [result]) as unknown as [
    { output: readonly { readonly code: string }[] },
  ]
  if (output.length !== 1) throw new Error(`The page has ${output.length} modules.`)
  return output[0]?.code ?? ''
}

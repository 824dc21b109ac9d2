import { fileURLToPath } from 'node:url'
import { build } from 'vite'

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))

/** A module, and what it imports. */
interface BundledModule {
  readonly code: string
  readonly imports: readonly string[]
}

interface BundleOptions {
  /** Whether a module is left out. Default: none. */
  readonly external?: (id: string, importer: string | undefined) => boolean
  /** For the development of a page: not minified, with the warnings of its frameworks. Default false. */
  readonly isDevelopment?: boolean
}

/** An entry with all that it imports in one module. `entry`: a path from the root of the repository. */
export async function bundle(
  entry: string,
  { external = () => false, isDevelopment = false }: BundleOptions = {},
): Promise<BundledModule> {
  const result = await build({
    root: ROOT,
    configFile: false,
    logLevel: 'silent',
    mode: isDevelopment ? 'development' : 'production',
    define: isDevelopment ? { 'process.env.NODE_ENV': '"development"' } : {},
    build: {
      write: false,
      minify: !isDevelopment,
      lib: { entry: ROOT + entry, formats: ['es'], fileName: 'entry' },
      rolldownOptions: { external },
    },
  })
  const [{ output }] = (Array.isArray(result) ? result : [result]) as unknown as [{ output: readonly BundledModule[] }]
  const [module, ...others] = output
  if (module === undefined || others.length > 0) throw new Error(`${entry} became ${output.length} modules.`)
  return module
}

/** The script of a page. */
export async function bundlePage(entry: string): Promise<string> {
  return (await bundle(entry, { isDevelopment: true })).code
}

import * as live from './feeds/live.ts'
for (const n of process.argv.slice(2)) await (live as any)[n]()

import { connect } from 'tidemark/client'

const db = connect(process.argv[2] ?? 'http://localhost:4747')
for await (const { changes } of db.changes(['posts'], { last: 1 })) {
  for (const { type, path, document } of changes) console.log(type, path, document.version, document.value)
}

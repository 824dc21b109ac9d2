/** What somebody sees who opens the playground without a query. */
export const EXAMPLES = `# Tidemark: write JSON at a path, read it, watch it.
# The schema's help is in the book at the left.

mutation Write {
  put(path: "posts/hello", value: { title: "Hello" }) {
    cursor
    document { version value }
  }
}

query Read {
  get(path: "posts")
}

# Each message replaces the one before.
# After a minute without changes comes an empty one.
subscription Watch {
  changes(paths: ["posts"], last: 10, heartbeatMs: 60000) {
    cursor
    upToDate
    changes { type path document { version value } }
  }
}
`

/**
 * Headers of a page that may load what the directives of `policy` name (CSP, such as `script-src 'self'`) and talk to
 * this server, and nothing else; no other page may frame it.
 */
export function pageHeaders(policy: readonly string[]): Readonly<Record<string, string>> {
  const directives = [
    `default-src 'none'`,
    ...policy,
    `connect-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
  ]
  return {
    'content-security-policy': directives.join('; '),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  }
}

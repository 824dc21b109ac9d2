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

/**
 * Headers of the frame in which the console runs what somebody typed: an origin of its own, without storage, that may
 * send nothing anywhere, not even look up a name; only a page of this server may frame it.
 */
export function codeFrameHeaders(): Readonly<Record<string, string>> {
  const directives = [
    `default-src 'none'`,
    `script-src 'self' 'unsafe-eval'`,
    `worker-src blob:`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'self'`,
    'sandbox allow-scripts',
  ]
  return {
    'content-security-policy': directives.join('; '),
    'x-content-type-options': 'nosniff',
    'x-dns-prefetch-control': 'off',
    'referrer-policy': 'no-referrer',
  }
}

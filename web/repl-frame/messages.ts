/** What code may call of the client; all of it gives a promise. */
export const CALLS = [
  'get',
  'document',
  'documents',
  'history',
  'collections',
  'diff',
  'log',
  'post',
  'put',
  'patch',
  'delete',
  'restore',
  'revert',
  'purge',
  'transact',
  'interrupt',
] as const

/** What code may follow. */
export const FEEDS = ['changes', 'live', 'watch'] as const

/** The name of a method that code may call or follow. */
export type CallName = (typeof CALLS)[number]
export type FeedName = (typeof FEEDS)[number]

/** A failure of a call; the class of the error stays in its own window. */
export interface CallFailure {
  readonly code: string
  readonly message: string
  readonly details: unknown
}

/** From the page to its frame. `call` and `feed` are numbers that the frame has chosen. */
export type ToFrame =
  | { readonly kind: 'run'; readonly run: number; readonly code: string }
  | { readonly kind: 'stop'; readonly run: number }
  | { readonly kind: 'answer'; readonly call: number; readonly value: unknown }
  | { readonly kind: 'failed'; readonly call: number; readonly failure: CallFailure }
  | { readonly kind: 'item'; readonly feed: number; readonly done: boolean; readonly value: unknown }
  | { readonly kind: 'broken'; readonly feed: number; readonly failure: CallFailure }

/** From the frame to its page. `run`: the program that it is about. */
export type FromFrame =
  | { readonly kind: 'ready' }
  | {
      readonly kind: 'call'
      readonly run: number
      readonly call: number
      readonly name: string
      readonly args: readonly unknown[]
    }
  | {
      readonly kind: 'follow'
      readonly run: number
      readonly feed: number
      readonly name: string
      readonly args: readonly unknown[]
    }
  | { readonly kind: 'next' | 'leave'; readonly feed: number }
  | { readonly kind: 'print'; readonly run: number; readonly text: string }
  | { readonly kind: 'done'; readonly run: number; readonly text: string | null }
  | { readonly kind: 'threw'; readonly run: number; readonly text: string }

// Generated from schema.graphql by codegen.ts. Change those and run `npm run codegen`.
import type { Json } from '../core/json/json.ts';
import type { GraphQLResolveInfo, GraphQLScalarType, GraphQLScalarTypeConfig } from 'graphql';
import type { ShownDocument, ShownChange } from './resolvers/shown.ts';
import type { DocumentPage, CollectionPage, WriteResult, ChangeBatch, Reverted, Reverting, RevertConflict } from '../core/database.ts';
import type { Context } from './context.ts';
export type Maybe<T> = T | null;
export type InputMaybe<T> = Maybe<T>;
export type Omit<T, K extends keyof T> = Pick<T, Exclude<keyof T, K>>;
export type RequireFields<T, K extends keyof T> = Omit<T, K> & { [P in K]-?: NonNullable<T[P]> };
/** All built-in and custom scalars, mapped to their actual values */
export type Scalars = {
  ID: { input: string; output: string; }
  String: { input: string; output: string; }
  Boolean: { input: boolean; output: boolean; }
  Int: { input: number; output: number; }
  Float: { input: number; output: number; }
  /**
   * Where something lives, as segments joined by slashes: `posts` (a collection), `posts/1` (a document),
   * `posts/1/author/name` (a field inside its value), `posts/1/comments` (a nested collection).
   */
  Path: { input: string; output: string; }
  /**
   * A path in which `*` stands for any one segment. It matches what it names and everything below:
   * `posts`, `posts/*\/comments`, `posts/1/likes`.
   */
  PathPattern: { input: string; output: string; }
  /**
   * Any JSON value, null included, kept exactly: a number that would be rounded, a duplicate key or half of a
   * surrogate pair is refused (INVALID_VALUE), never changed. At most 1 MiB and 64 levels.
   */
  JSON: { input: Json; output: Json; }
  /**
   * A moment. Given back in UTC with milliseconds (`2026-01-31T09:30:00.000Z`); any offset is accepted, digits
   * below the millisecond are cut off.
   */
  DateTime: { input: string; output: string; }
  /**
   * A place in the log of all changes. Opaque: store it and hand it back, do not read or build it.
   * Everything that matches, up to here, has been seen.
   */
  Cursor: { input: string; output: string; }
};

/** What a client finds again by its `id` alone (https://relay.dev/graphql/objectidentification.htm). */
export type GqlNode = {
  /** Globally unique and opaque. */
  readonly id: Scalars['ID']['output'];
};

/** Reads. Each may look at the present or, with `asOf`, at any moment of the past. */
export type GqlQuery = {
  readonly __typename?: 'Query';
  /**
   * What has this `id`: the document as it is now or, of an id that came with a moment or an event, that version, also one
   * that is a delete. Null when there is nothing, and for what is no such id; `document` takes paths.
   */
  readonly node?: Maybe<GqlNode>;
  /**
   * What is at a path, with everything below: the value of a field or a document, or the documents of a collection as a
   * list of `{ id, ts, value }`: the local id, the time of the latest version, the value. Nested collections lie inside the
   * values, as such lists. Null when nothing is there.
   * TOO_LARGE above 1,000 documents or 4 MiB: `documents` pages.
   */
  readonly get?: Maybe<Scalars['JSON']['output']>;
  /**
   * The document at a path; null when there is none, when it is deleted (unless `deleted` is true), and when the path is a
   * field's.
   */
  readonly document?: Maybe<GqlDocument>;
  /**
   * A page of a collection, in the order of ids. A search for what is rare (a `where` that few match; with `asOf`, among much
   * that was deleted before or came later) may end before the page is full, even empty: then `hasNextPage` (with `last`,
   * `hasPreviousPage`) is true, and `endCursor` (`startCursor`) is the place to go on from.
   */
  readonly documents: GqlDocumentConnection;
  /**
   * The versions of a document, of a field (those in which it changed), or of what lies in and below a collection,
   * oldest first: `last: 10` gives the ten newest. A search among 10,000 commits, or versions, of something else ends the page
   * early, even empty: then `hasPreviousPage` (with `first`, `hasNextPage`) is true, and `startCursor` (`endCursor`) is the place
   * to go on from.
   */
  readonly history: GqlDocumentConnection;
  /**
   * A page of the collections at the root, or right below a document, by name: those that have or had documents, and those that
   * an empty array declares; not those of which all documents were purged. Null when the document is not there. Collections
   * whose names begin with `_` belong to the system, and are not shown.
   */
  readonly collections?: Maybe<GqlCollectionConnection>;
  /**
   * A JSON Patch (RFC 6902) that turns the value of a document or a field at one moment into that at another: a list of `add`,
   * `remove` and `replace`. From or to nothing: an `add` or a `remove` of the root; without a difference: an empty list. Where it
   * would have more than 10,000 operations, it is one `replace` of the root.
   */
  readonly diff: Scalars['JSON']['output'];
  /**
   * A page of the log: what the subscription `changes` would have delivered, the oldest first. `first` takes the oldest of all
   * that match, `last` the newest: so `actor: "bob"`, `from`, `to` and `last: 100` show what bob did in that time. A search for
   * what is rare may end a page early, even empty: `pageInfo` then says that there may be more, and where to go on.
   * A period that begins or ends below what retention keeps is HISTORY_EXPIRED.
   */
  readonly log: GqlChangeBatch;
};


/** Reads. Each may look at the present or, with `asOf`, at any moment of the past. */
export type GqlQueryNodeArgs = {
  id: Scalars['ID']['input'];
};


/** Reads. Each may look at the present or, with `asOf`, at any moment of the past. */
export type GqlQueryGetArgs = {
  path: Scalars['Path']['input'];
  asOf?: InputMaybe<GqlAsOf>;
  depth?: InputMaybe<Scalars['Int']['input']>;
  atLeast?: InputMaybe<Scalars['Cursor']['input']>;
};


/** Reads. Each may look at the present or, with `asOf`, at any moment of the past. */
export type GqlQueryDocumentArgs = {
  path: Scalars['Path']['input'];
  asOf?: InputMaybe<GqlAsOf>;
  deleted?: InputMaybe<Scalars['Boolean']['input']>;
  atLeast?: InputMaybe<Scalars['Cursor']['input']>;
};


/** Reads. Each may look at the present or, with `asOf`, at any moment of the past. */
export type GqlQueryDocumentsArgs = {
  path: Scalars['Path']['input'];
  where?: InputMaybe<Scalars['String']['input']>;
  params?: InputMaybe<Scalars['JSON']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  asOf?: InputMaybe<GqlAsOf>;
  atLeast?: InputMaybe<Scalars['Cursor']['input']>;
};


/** Reads. Each may look at the present or, with `asOf`, at any moment of the past. */
export type GqlQueryHistoryArgs = {
  path: Scalars['Path']['input'];
  last?: InputMaybe<Scalars['Int']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  from?: InputMaybe<Scalars['DateTime']['input']>;
  to?: InputMaybe<Scalars['DateTime']['input']>;
  actor?: InputMaybe<Scalars['String']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
  atLeast?: InputMaybe<Scalars['Cursor']['input']>;
};


/** Reads. Each may look at the present or, with `asOf`, at any moment of the past. */
export type GqlQueryCollectionsArgs = {
  path?: InputMaybe<Scalars['Path']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  asOf?: InputMaybe<GqlAsOf>;
  atLeast?: InputMaybe<Scalars['Cursor']['input']>;
};


/** Reads. Each may look at the present or, with `asOf`, at any moment of the past. */
export type GqlQueryDiffArgs = {
  path: Scalars['Path']['input'];
  from: GqlAsOf;
  to?: InputMaybe<GqlAsOf>;
  atLeast?: InputMaybe<Scalars['Cursor']['input']>;
};


/** Reads. Each may look at the present or, with `asOf`, at any moment of the past. */
export type GqlQueryLogArgs = {
  paths: ReadonlyArray<Scalars['PathPattern']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
  before?: InputMaybe<Scalars['Cursor']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  from?: InputMaybe<Scalars['DateTime']['input']>;
  to?: InputMaybe<Scalars['DateTime']['input']>;
  actor?: InputMaybe<Scalars['String']['input']>;
  types?: InputMaybe<ReadonlyArray<GqlChangeType>>;
  where?: InputMaybe<Scalars['String']['input']>;
  params?: InputMaybe<Scalars['JSON']['input']>;
  depth?: InputMaybe<Scalars['Int']['input']>;
  atLeast?: InputMaybe<Scalars['Cursor']['input']>;
};

/**
 * Writes. Each is one commit, all or nothing, and gives the cursor of that commit. Several in one document are separate
 * commits, one after another: when one fails, those before it are done, though the answer has no data then. `transact` makes
 * them one commit, so that all or none are done.
 */
export type GqlMutation = {
  readonly __typename?: 'Mutation';
  /**
   * Creates a document in a collection; with `ephemeral`, only shows it to the subscribers of the moment. EXISTS when the id is
   * taken; NOT_FOUND when the parent document of a nested collection is not there.
   */
  readonly post: GqlCommit;
  /**
   * Replaces what the path names: a field, or a whole document. Creates the document where its collection is at the top
   * level or exists, and missing parents of a field inside the value.
   */
  readonly put: GqlCommit;
  /** Changes a part of what the path names, and leaves the rest as it is. */
  readonly patch: GqlCommit;
  /**
   * Deletes a field, a document with everything below it, or a whole collection. TOO_LARGE above 1,000 documents.
   * What was deleted stays in the history.
   */
  readonly delete: GqlCommit;
  /**
   * Makes what the path names as it was at a moment of the past, by an ordinary commit: a deleted document comes back, a field
   * goes back. What was not there then is deleted; NOT_FOUND when it is not there now either. A version that equals what is
   * there is written, too. A TREE goes back to a cursor or a time, not to a version. What was purged counts as not there; HISTORY_EXPIRED where retention removed what it needs. TOO_LARGE
   * above 1,000 documents.
   */
  readonly restore: GqlCommit;
  /**
   * Takes back what a commit did, or an actor in a period, by an ordinary commit, and leaves everything else as it is: field by
   * field, what is as the reverted write left it becomes what it was before. What somebody else wrote since stays, and is told
   * as a conflict. Reverting a revert is reverting its commit. What was purged stays as it is; HISTORY_EXPIRED where retention
   * removed versions of a commit. TOO_LARGE above 1,000 documents or 10,000 versions.
   */
  readonly revert: GqlReverted;
  /**
   * Erases a document with everything below it, or a whole collection, from every moment of the past: each version stays as
   * a mark (its number, times and actor), with the value null and the reason PURGED. The names are free again, and so are
   * the idempotency keys of commits of which nothing is left. Answers when no content is left, in no answer and in no row
   * of the store. NOT_FOUND when there is nothing to purge; TOO_LARGE above 1,000 documents, deleted ones included.
   */
  readonly purge: GqlCommit;
  /** All of the operations or none, over any paths. They run in order and see each other. */
  readonly transact: GqlCommit;
  /**
   * Decides anew what running subscriptions may show. Of one that may show the same, nobody notices; one that may show another
   * thing goes on with that, `live` with the reset SHAPE_CHANGED; one that is no longer allowed ends with FORBIDDEN. Returns how
   * many were meant, over all server processes that answer within two seconds.
   */
  readonly interrupt: Scalars['Int']['output'];
};


/**
 * Writes. Each is one commit, all or nothing, and gives the cursor of that commit. Several in one document are separate
 * commits, one after another: when one fails, those before it are done, though the answer has no data then. `transact` makes
 * them one commit, so that all or none are done.
 */
export type GqlMutationPostArgs = {
  path: Scalars['Path']['input'];
  value?: InputMaybe<Scalars['JSON']['input']>;
  id?: InputMaybe<Scalars['ID']['input']>;
  ephemeral?: InputMaybe<Scalars['Boolean']['input']>;
  key?: InputMaybe<Scalars['ID']['input']>;
};


/**
 * Writes. Each is one commit, all or nothing, and gives the cursor of that commit. Several in one document are separate
 * commits, one after another: when one fails, those before it are done, though the answer has no data then. `transact` makes
 * them one commit, so that all or none are done.
 */
export type GqlMutationPutArgs = {
  path: Scalars['Path']['input'];
  value?: InputMaybe<Scalars['JSON']['input']>;
  expect?: InputMaybe<GqlExpect>;
  key?: InputMaybe<Scalars['ID']['input']>;
};


/**
 * Writes. Each is one commit, all or nothing, and gives the cursor of that commit. Several in one document are separate
 * commits, one after another: when one fails, those before it are done, though the answer has no data then. `transact` makes
 * them one commit, so that all or none are done.
 */
export type GqlMutationPatchArgs = {
  path: Scalars['Path']['input'];
  patch: GqlPatchInput;
  expect?: InputMaybe<GqlExpect>;
  key?: InputMaybe<Scalars['ID']['input']>;
};


/**
 * Writes. Each is one commit, all or nothing, and gives the cursor of that commit. Several in one document are separate
 * commits, one after another: when one fails, those before it are done, though the answer has no data then. `transact` makes
 * them one commit, so that all or none are done.
 */
export type GqlMutationDeleteArgs = {
  path: Scalars['Path']['input'];
  expect?: InputMaybe<GqlExpect>;
  key?: InputMaybe<Scalars['ID']['input']>;
};


/**
 * Writes. Each is one commit, all or nothing, and gives the cursor of that commit. Several in one document are separate
 * commits, one after another: when one fails, those before it are done, though the answer has no data then. `transact` makes
 * them one commit, so that all or none are done.
 */
export type GqlMutationRestoreArgs = {
  path: Scalars['Path']['input'];
  to: GqlAsOf;
  scope?: InputMaybe<GqlScope>;
  expect?: InputMaybe<GqlExpect>;
  key?: InputMaybe<Scalars['ID']['input']>;
};


/**
 * Writes. Each is one commit, all or nothing, and gives the cursor of that commit. Several in one document are separate
 * commits, one after another: when one fails, those before it are done, though the answer has no data then. `transact` makes
 * them one commit, so that all or none are done.
 */
export type GqlMutationRevertArgs = {
  what: GqlRevertInput;
  dryRun?: InputMaybe<Scalars['Boolean']['input']>;
  key?: InputMaybe<Scalars['ID']['input']>;
};


/**
 * Writes. Each is one commit, all or nothing, and gives the cursor of that commit. Several in one document are separate
 * commits, one after another: when one fails, those before it are done, though the answer has no data then. `transact` makes
 * them one commit, so that all or none are done.
 */
export type GqlMutationPurgeArgs = {
  path: Scalars['Path']['input'];
  key?: InputMaybe<Scalars['ID']['input']>;
};


/**
 * Writes. Each is one commit, all or nothing, and gives the cursor of that commit. Several in one document are separate
 * commits, one after another: when one fails, those before it are done, though the answer has no data then. `transact` makes
 * them one commit, so that all or none are done.
 */
export type GqlMutationTransactArgs = {
  ops: ReadonlyArray<GqlOp>;
  checks?: InputMaybe<ReadonlyArray<GqlCheck>>;
  key?: InputMaybe<Scalars['ID']['input']>;
};


/**
 * Writes. Each is one commit, all or nothing, and gives the cursor of that commit. Several in one document are separate
 * commits, one after another: when one fails, those before it are done, though the answer has no data then. `transact` makes
 * them one commit, so that all or none are done.
 */
export type GqlMutationInterruptArgs = {
  match: GqlInterruptInput;
};

/** Live views, over a WebSocket (graphql-transport-ws) or server-sent events. */
export type GqlSubscription = {
  readonly __typename?: 'Subscription';
  /**
   * Every change that matches, in order, once. A gap is an error (CURSOR_EXPIRED, CURSOR_UNKNOWN), never silence. What may be
   * seen can change meanwhile (`interrupt`): then it goes on from its cursor with what may be seen from then on.
   * Subscribe again with the cursor of the last batch to go on without loss.
   */
  readonly changes: GqlChangeBatch;
  /**
   * The documents that match, then their changes, on one subscription. One that is slow gets the latest of each document.
   * A document that begins or stops to match comes as NEW or DELETE, with the reason. A gap is no error: it comes as
   * `reset` and a new snapshot.
   */
  readonly live: GqlChangeBatch;
  /** What the query `get` gives, now and after every change of it. One that is slow gets the latest. */
  readonly get?: Maybe<Scalars['JSON']['output']>;
};


/** Live views, over a WebSocket (graphql-transport-ws) or server-sent events. */
export type GqlSubscriptionChangesArgs = {
  paths: ReadonlyArray<Scalars['PathPattern']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
  start?: InputMaybe<GqlStart>;
  last?: InputMaybe<Scalars['Int']['input']>;
  limit?: InputMaybe<Scalars['Int']['input']>;
  where?: InputMaybe<Scalars['String']['input']>;
  params?: InputMaybe<Scalars['JSON']['input']>;
  columns?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  types?: InputMaybe<ReadonlyArray<GqlChangeType>>;
  replica?: InputMaybe<GqlReplica>;
  heartbeatMs?: InputMaybe<Scalars['Int']['input']>;
  depth?: InputMaybe<Scalars['Int']['input']>;
  atLeast?: InputMaybe<Scalars['Cursor']['input']>;
};


/** Live views, over a WebSocket (graphql-transport-ws) or server-sent events. */
export type GqlSubscriptionLiveArgs = {
  paths: ReadonlyArray<Scalars['PathPattern']['input']>;
  after?: InputMaybe<Scalars['Cursor']['input']>;
  where?: InputMaybe<Scalars['String']['input']>;
  params?: InputMaybe<Scalars['JSON']['input']>;
  columns?: InputMaybe<ReadonlyArray<Scalars['String']['input']>>;
  replica?: InputMaybe<GqlReplica>;
  heartbeatMs?: InputMaybe<Scalars['Int']['input']>;
  depth?: InputMaybe<Scalars['Int']['input']>;
  atLeast?: InputMaybe<Scalars['Cursor']['input']>;
};


/** Live views, over a WebSocket (graphql-transport-ws) or server-sent events. */
export type GqlSubscriptionGetArgs = {
  path: Scalars['Path']['input'];
  depth?: InputMaybe<Scalars['Int']['input']>;
  atLeast?: InputMaybe<Scalars['Cursor']['input']>;
};

/** A document at one version. Immutable: a later write makes a new version. */
export type GqlDocument = GqlNode & {
  readonly __typename?: 'Document';
  /** Where it lives. */
  readonly path: Scalars['Path']['output'];
  /**
   * Globally unique, for caches and for `node`: opaque, do not build it. Read as the present (`document`, `documents`, `live`,
   * `Commit.document`), a document has one id, whatever its version. Read as of a moment (`asOf`) or in an event (`history`,
   * `log`, `changes`, `Commit.changes`), each version has an id of its own; so it has in `live` where less than the present is
   * shown: in a MOVED_OUT, and in a feed with `columns`. Ephemeral posts of one path share an id, which `node` does not find.
   */
  readonly id: Scalars['ID']['output'];
  /** The id within the collection: the last segment of the path, which `post(id:)` takes and `where` and `get` call `id`. */
  readonly localId: Scalars['ID']['output'];
  /** Counts from 1 per document, without gaps; a delete is a version too. 0: an ephemeral post, which has no version. */
  readonly version: Scalars['Int']['output'];
  /** What is stored; null when deleted. */
  readonly value?: Maybe<Scalars['JSON']['output']>;
  /** A part of the value; null when nothing is there. */
  readonly field?: Maybe<Scalars['JSON']['output']>;
  /** Whether this version is a delete. */
  readonly deleted: Scalars['Boolean']['output'];
  /** When the document came into being. */
  readonly createdAt: Scalars['DateTime']['output'];
  /** When this version was written. */
  readonly updatedAt: Scalars['DateTime']['output'];
  /** Who wrote this version, where known. */
  readonly actor?: Maybe<Scalars['String']['output']>;
  /** The commit that made this version; of an ephemeral post, the newest one at that moment. */
  readonly cursor: Scalars['Cursor']['output'];
  /** The moment at which it was read, which its nested lists show too. */
  readonly asOf: Scalars['Cursor']['output'];
  /**
   * A page of a nested collection, as of the moment at which this document was read. A cache keeps one for each `id`: where
   * it is to hold several moments of one version, ask the root's `documents` with `asOf`.
   */
  readonly documents: GqlDocumentConnection;
  /** The versions of this document, oldest first: `last: 10` gives the ten newest. */
  readonly history: GqlDocumentConnection;
};


/** A document at one version. Immutable: a later write makes a new version. */
export type GqlDocumentFieldArgs = {
  path: Scalars['String']['input'];
};


/** A document at one version. Immutable: a later write makes a new version. */
export type GqlDocumentDocumentsArgs = {
  name: Scalars['String']['input'];
  where?: InputMaybe<Scalars['String']['input']>;
  params?: InputMaybe<Scalars['JSON']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  last?: InputMaybe<Scalars['Int']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
};


/** A document at one version. Immutable: a later write makes a new version. */
export type GqlDocumentHistoryArgs = {
  last?: InputMaybe<Scalars['Int']['input']>;
  first?: InputMaybe<Scalars['Int']['input']>;
  from?: InputMaybe<Scalars['DateTime']['input']>;
  to?: InputMaybe<Scalars['DateTime']['input']>;
  actor?: InputMaybe<Scalars['String']['input']>;
  after?: InputMaybe<Scalars['String']['input']>;
  before?: InputMaybe<Scalars['String']['input']>;
};

/** A page of documents, or of versions of documents (https://relay.dev/graphql/connections.htm). */
export type GqlDocumentConnection = {
  readonly __typename?: 'DocumentConnection';
  /** The documents of the page with the page cursor of each. */
  readonly edges: ReadonlyArray<GqlDocumentEdge>;
  /** The documents of the page. */
  readonly nodes: ReadonlyArray<GqlDocument>;
  /** Whether there is more, and how to ask for it. */
  readonly pageInfo: GqlPageInfo;
  /** What this page is a picture of: read on with `asOf: { cursor }` to stay in it. */
  readonly cursor: Scalars['Cursor']['output'];
  /**
   * Older versions were thinned out by retention: a history does not have all versions of the range that was asked for. Of a
   * collection: it may not have them. False for a page of documents.
   */
  readonly truncated: Scalars['Boolean']['output'];
};

/** A document in a page. */
export type GqlDocumentEdge = {
  readonly __typename?: 'DocumentEdge';
  /** For `after` and `before` of the same list. */
  readonly cursor: Scalars['String']['output'];
  /** The document. */
  readonly node: GqlDocument;
};

/** A page of collections (https://relay.dev/graphql/connections.htm). */
export type GqlCollectionConnection = {
  readonly __typename?: 'CollectionConnection';
  /** The collections of the page with the page cursor of each. */
  readonly edges: ReadonlyArray<GqlCollectionEdge>;
  /** The collections of the page. */
  readonly nodes: ReadonlyArray<GqlCollection>;
  /** Whether there is more, and how to ask for it. */
  readonly pageInfo: GqlPageInfo;
  /** What this page is a picture of: read on with `asOf: { cursor }` to stay in it. */
  readonly cursor: Scalars['Cursor']['output'];
};

/** A collection in a page. */
export type GqlCollectionEdge = {
  readonly __typename?: 'CollectionEdge';
  /** For `after` of the same list. */
  readonly cursor: Scalars['String']['output'];
  /** The collection. */
  readonly node: GqlCollection;
};

/** A collection that has or had documents, or that an empty array in the document above it declares. */
export type GqlCollection = {
  readonly __typename?: 'Collection';
  /** Where it lies. */
  readonly path: Scalars['Path']['output'];
  /** The last segment of the path. */
  readonly name: Scalars['String']['output'];
  /** How many documents lie right in it: exact to 1,000, null when there are more. */
  readonly documents?: Maybe<Scalars['Int']['output']>;
};

/** Where a page lies in its list. */
export type GqlPageInfo = {
  readonly __typename?: 'PageInfo';
  /** Whether more comes after this page. */
  readonly hasNextPage: Scalars['Boolean']['output'];
  /** Whether more comes before this page. */
  readonly hasPreviousPage: Scalars['Boolean']['output'];
  /**
   * The page cursor of the first edge, or of the place that was reached, where reading backwards ended early; null when there is
   * neither.
   */
  readonly startCursor?: Maybe<Scalars['String']['output']>;
  /** The page cursor of the last edge, or of the place that was reached, where reading ended early; null when there is neither. */
  readonly endCursor?: Maybe<Scalars['String']['output']>;
};

/** One atomic write. */
export type GqlCommit = {
  readonly __typename?: 'Commit';
  /** The idempotency key where one was given, else a fresh id. */
  readonly id: Scalars['ID']['output'];
  /** Its place in the log: a read as of it, and a feed after it, know this write. Of an ephemeral post, the newest place. */
  readonly cursor: Scalars['Cursor']['output'];
  /** When it was written. */
  readonly at: Scalars['DateTime']['output'];
  /** Who wrote it, where known. */
  readonly actor?: Maybe<Scalars['String']['output']>;
  /** This key was used before: nothing new was written, this is the commit of then. */
  readonly repeated: Scalars['Boolean']['output'];
  /**
   * The document, when the commit wrote exactly one: as the present, which a cache can take over, but as an event when the
   * commit is `repeated`.
   */
  readonly document?: Maybe<GqlDocument>;
  /** What it did, document by document. */
  readonly changes: ReadonlyArray<GqlChange>;
};

/** What a commit did to one document. */
export type GqlChange = {
  readonly __typename?: 'Change';
  /** Whether the document is new, was changed or was deleted. */
  readonly type: GqlChangeType;
  /** Why the change is delivered. */
  readonly reason: GqlChangeReason;
  /** The document's path. */
  readonly path: Scalars['Path']['output'];
  /** After the change; of a DELETE, its tombstone; of one that was MOVED_OUT, without its value. */
  readonly document: GqlDocument;
  /** The value before the change, with `replica: FULL`; else null. */
  readonly before?: Maybe<Scalars['JSON']['output']>;
  /**
   * The fields that were written, as paths inside the value; empty when the whole value was. At most 256, and 8,192 bytes
   * together: where more were written, the nearest fields above them, or none for the whole value.
   */
  readonly fields: ReadonlyArray<Scalars['String']['output']>;
  /** The id of its commit; of an ephemeral post, an id that no log knows. */
  readonly commit: Scalars['ID']['output'];
  /** The place of its commit in the log. Null: an ephemeral post, to be shown, but not to be kept. */
  readonly cursor?: Maybe<Scalars['Cursor']['output']>;
  /** When its commit was written. */
  readonly at: Scalars['DateTime']['output'];
};

/** What one message of a feed carries: whole commits, never parts of one. */
export type GqlChangeBatch = {
  readonly __typename?: 'ChangeBatch';
  /** In the order of the log; empty in a heartbeat. */
  readonly changes: ReadonlyArray<GqlChange>;
  /** Store it after applying the batch: going on from it loses nothing and repeats nothing. */
  readonly cursor: Scalars['Cursor']['output'];
  /** The backlog is delivered: nothing lies after `cursor`, from here on it is live. */
  readonly upToDate: Scalars['Boolean']['output'];
  /** A new snapshot begins with this batch: drop what came before it when the next `upToDate` comes. */
  readonly reset?: Maybe<GqlReset>;
  /**
   * Where a page of the query `log` lies among all that matches: `endCursor` is for `after`, `startCursor` for `before`. Null
   * in a feed.
   */
  readonly pageInfo?: Maybe<GqlPageInfo>;
};

/** What a commit did to one document. */
export type GqlChangeType =
  /** It came into being, or came back after a delete. */
  | 'NEW'
  /** It has a new value. */
  | 'UPDATE'
  /** It was deleted. */
  | 'DELETE';

/** Why a change is delivered. */
export type GqlChangeReason =
  /** The document was written. */
  | 'WRITE'
  /** A write made it begin to match `where`: it comes as NEW. */
  | 'MOVED_IN'
  /** A write made it stop to match `where`: it comes as DELETE. */
  | 'MOVED_OUT'
  /**
   * The document was purged: it comes as DELETE, whatever `where` says, as nothing is left by which to decide; so does each
   * of its earlier versions in a feed that reads them only now.
   */
  | 'PURGED'
  /** Retention deleted the document. */
  | 'EXPIRED';

/** What a change carries of what was before. */
export type GqlReplica =
  /** Nothing. */
  | 'DEFAULT'
  /** The value before the change. */
  | 'FULL';

/** Why `live` begins again with a snapshot. */
export type GqlReset =
  /** The log no longer holds everything after the cursor, or the cursor stood for half a snapshot. */
  | 'CURSOR_EXPIRED'
  /** What the subscription shows is another thing now. */
  | 'SHAPE_CHANGED'
  /** The data was replaced. */
  | 'RESTORED';

/** Where a feed begins. */
export type GqlStart =
  /** At the first change that is kept. */
  | 'BEGINNING'
  /** At the next change. */
  | 'NOW';

/** A moment of the past, named in exactly one way. */
export type GqlAsOf =
  /** After the last commit at or before this time; a time ahead is BAD_REQUEST. */
  { readonly time: Scalars['DateTime']['input']; readonly cursor?: never; readonly version?: never; }
  |  /** After the commit at this cursor. */
  { readonly time?: never; readonly cursor: Scalars['Cursor']['input']; readonly version?: never; }
  |  /** At this version of the document; for a nested collection, of the document above it. A version that never was is NOT_FOUND. */
  { readonly time?: never; readonly cursor?: never; readonly version: Scalars['Int']['input']; };

/** What must hold of a document for a write to happen, said in exactly one way; else CONFLICT. */
export type GqlExpect =
  /** It is at this version. */
  { readonly version: Scalars['Int']['input']; readonly absent?: never; readonly exists?: never; }
  |  /** True: it is not there. False: it is. */
  { readonly version?: never; readonly absent: Scalars['Boolean']['input']; readonly exists?: never; }
  |  /** True: it is there. False: it is not. */
  { readonly version?: never; readonly absent?: never; readonly exists: Scalars['Boolean']['input']; };

/** Which running subscriptions are meant: those to which all of it applies that is given. */
export type GqlInterruptInput = {
  /** 1 to 32 patterns: a subscription is meant when one of its own and one of these can have a document in common. */
  readonly paths: ReadonlyArray<Scalars['PathPattern']['input']>;
  /** The expression that it was subscribed with. */
  readonly where?: InputMaybe<Scalars['String']['input']>;
  /** What it was subscribed with for `where` to call `params`. */
  readonly params?: InputMaybe<Scalars['JSON']['input']>;
  /** Who subscribed, where known. */
  readonly actor?: InputMaybe<Scalars['String']['input']>;
};

/** What must hold of one document for a transaction to happen. */
export type GqlCheck = {
  /** The document's path. */
  readonly path: Scalars['Path']['input'];
  /** What must hold of it. */
  readonly expect: GqlExpect;
};

/** One operation of a transaction: exactly one of these. */
export type GqlOp =
  /** Creates a document in a collection. */
  { readonly post: GqlPostOp; readonly put?: never; readonly patch?: never; readonly delete?: never; }
  |  /** Replaces a field or a document. */
  { readonly post?: never; readonly put: GqlPutOp; readonly patch?: never; readonly delete?: never; }
  |  /** Changes a part of a field or a document. */
  { readonly post?: never; readonly put?: never; readonly patch: GqlPatchOp; readonly delete?: never; }
  |  /** Deletes a field, a document or a collection. */
  { readonly post?: never; readonly put?: never; readonly patch?: never; readonly delete: GqlDeleteOp; };

/** Creates a document in a collection, as the mutation `post` does. */
export type GqlPostOp = {
  /** The path of a collection. */
  readonly path: Scalars['Path']['input'];
  /** Any JSON value, null included; it must be given. */
  readonly value?: InputMaybe<Scalars['JSON']['input']>;
  /** The id of the new document; a fresh one that sorts by time when left out. */
  readonly id?: InputMaybe<Scalars['ID']['input']>;
};

/** Replaces what the path names, as the mutation `put` does. */
export type GqlPutOp = {
  /** A field or a document. */
  readonly path: Scalars['Path']['input'];
  /** Any JSON value, null included; it must be given. */
  readonly value?: InputMaybe<Scalars['JSON']['input']>;
  /** What must hold of the document, else CONFLICT. */
  readonly expect?: InputMaybe<GqlExpect>;
};

/** Changes a part of what the path names, as the mutation `patch` does. */
export type GqlPatchOp = {
  /** A field or a document. */
  readonly path: Scalars['Path']['input'];
  /** What to change. */
  readonly patch: GqlPatchInput;
  /** What must hold of the document, else CONFLICT. */
  readonly expect?: InputMaybe<GqlExpect>;
};

/** Deletes what the path names, as the mutation `delete` does. */
export type GqlDeleteOp = {
  /** A field, a document or a collection. */
  readonly path: Scalars['Path']['input'];
  /** What must hold of the document, else CONFLICT. */
  readonly expect?: InputMaybe<GqlExpect>;
};

/** What to change, said in exactly one way. */
export type GqlPatchInput =
  /** A merge patch (RFC 7396): objects are merged key by key, null deletes a key, anything else replaces. */
  { readonly merge: Scalars['JSON']['input']; readonly json?: never; readonly operators?: never; }
  |  /**
   * A JSON Patch (RFC 6902): a list of operations such as `{ op: "add", path: "/tags/-", value: "new" }`, all or none. A `test`
   * that fails is CONFLICT, a path that is not there INVALID_VALUE, each with `at`, a JSON Pointer into the patch. Its operations
   * count among the 500 of a transaction.
   */
  { readonly merge?: never; readonly json: Scalars['JSON']['input']; readonly operators?: never; }
  |  /**
   * Operators by field of the patched value, sent as a variable: `{"stats/likes": {"$inc": 1}}`. They need no expectation:
   * each changes what is there. `$inc`, `$min`, `$max` (numbers), `$append`, `$union`, `$remove` (elements of an array),
   * `$unset`, `$serverTime` (the time of the commit). A field of another kind is INVALID_VALUE, with `at`.
   */
  { readonly merge?: never; readonly json?: never; readonly operators: Scalars['JSON']['input']; };

/** How much `restore` brings back. */
export type GqlScope =
  /** The document, or the field, alone. */
  | 'DOCUMENT'
  /**
   * With everything below, exactly as it was then: what came since is deleted, what was deleted comes back. For a collection the
   * only one.
   */
  | 'TREE';

/** Which writes to revert, said in exactly one way. */
export type GqlRevertInput =
  /** The commit with this id. */
  { readonly commit: Scalars['ID']['input']; readonly actor?: never; }
  |  /** All that an actor wrote in a period. */
  { readonly commit?: never; readonly actor: GqlActorPeriod; };

/** The writes of one actor, all of them unless a period or paths narrow them. */
export type GqlActorPeriod = {
  /** The actor that wrote. */
  readonly actor: Scalars['String']['input'];
  /** Only commits at this moment or later. */
  readonly from?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only commits at this moment or earlier. */
  readonly to?: InputMaybe<Scalars['DateTime']['input']>;
  /** Only what matches one of these, 1 to 32 patterns; a pattern that names a field (`posts/*\/title`) reverts that alone. */
  readonly paths?: InputMaybe<ReadonlyArray<Scalars['PathPattern']['input']>>;
};

/** The result of `revert`, or with `dryRun` what it would be. */
export type GqlReverted = {
  readonly __typename?: 'Reverted';
  /** The commit; null with `dryRun`, and when there is nothing to do. */
  readonly commit?: Maybe<GqlCommit>;
  /** The documents that change, in the order of their paths. */
  readonly applied: ReadonlyArray<GqlReverting>;
  /** Fields that stay, as somebody else wrote them since, in the order of paths and fields. TOO_LARGE above 4 MiB. */
  readonly conflicts: ReadonlyArray<GqlRevertConflict>;
};

/** The change of one document by a revert. */
export type GqlReverting = {
  readonly __typename?: 'Reverting';
  /** The document's path. */
  readonly path: Scalars['Path']['output'];
  /** The fields that go back, as in `Change.fields`; empty: the whole value. */
  readonly fields: ReadonlyArray<Scalars['String']['output']>;
  /** NEW: it comes back; DELETE: it goes; UPDATE: fields go back. */
  readonly type: GqlChangeType;
  /**
   * The document's value after the revert. Null where it goes, and where the values of the documents before it in this list have
   * 262,144 bytes together.
   */
  readonly value?: Maybe<Scalars['JSON']['output']>;
};

/** A field, or a whole document, that a revert leaves as it is. */
export type GqlRevertConflict = {
  readonly __typename?: 'RevertConflict';
  /** The document's path. */
  readonly path: Scalars['Path']['output'];
  /** The field, as a path inside the value; empty: the whole document. */
  readonly field: Scalars['String']['output'];
  /** The value that stays there; null also when nothing is there. */
  readonly now?: Maybe<Scalars['JSON']['output']>;
  /** The value before the reverted writes; null also when nothing was there. */
  readonly wanted?: Maybe<Scalars['JSON']['output']>;
  /**
   * The actor that wrote the value that stays or, of a document that something below it keeps there, wrote that; where known: of
   * the 10,000 newest versions at most.
   */
  readonly by?: Maybe<Scalars['String']['output']>;
};



export type ResolverTypeWrapper<T> = Promise<T> | T;


export type ResolverWithResolve<TResult, TParent, TContext, TArgs> = {
  resolve: ResolverFn<TResult, TParent, TContext, TArgs>;
};
export type Resolver<TResult, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = ResolverFn<TResult, TParent, TContext, TArgs> | ResolverWithResolve<TResult, TParent, TContext, TArgs>;

export type ResolverFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => Promise<TResult> | TResult;

export type SubscriptionSubscribeFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => AsyncIterable<TResult> | Promise<AsyncIterable<TResult>>;

export type SubscriptionResolveFn<TResult, TParent, TContext, TArgs> = (
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;

export interface SubscriptionSubscriberObject<TResult, TKey extends string, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<{ [key in TKey]: TResult }, TParent, TContext, TArgs>;
  resolve?: SubscriptionResolveFn<TResult, { [key in TKey]: TResult }, TContext, TArgs>;
}

export interface SubscriptionResolverObject<TResult, TParent, TContext, TArgs> {
  subscribe: SubscriptionSubscribeFn<any, TParent, TContext, TArgs>;
  resolve: SubscriptionResolveFn<TResult, any, TContext, TArgs>;
}

export type SubscriptionObject<TResult, TKey extends string, TParent, TContext, TArgs> =
  | SubscriptionSubscriberObject<TResult, TKey, TParent, TContext, TArgs>
  | SubscriptionResolverObject<TResult, TParent, TContext, TArgs>;

export type SubscriptionResolver<TResult, TKey extends string, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> =
  | ((...args: any[]) => SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>)
  | SubscriptionObject<TResult, TKey, TParent, TContext, TArgs>;

export type TypeResolveFn<TTypes, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (
  parent: TParent,
  context: TContext,
  info: GraphQLResolveInfo
) => Maybe<TTypes> | Promise<Maybe<TTypes>>;

export type IsTypeOfResolverFn<T = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>> = (obj: T, context: TContext, info: GraphQLResolveInfo) => boolean | Promise<boolean>;

export type NextResolverFn<T> = () => Promise<T>;

export type DirectiveResolverFn<TResult = Record<PropertyKey, never>, TParent = Record<PropertyKey, never>, TContext = Record<PropertyKey, never>, TArgs = Record<PropertyKey, never>> = (
  next: NextResolverFn<TResult>,
  parent: TParent,
  args: TArgs,
  context: TContext,
  info: GraphQLResolveInfo
) => TResult | Promise<TResult>;





/** Mapping between all available schema types and the resolvers types */
export type GqlResolversTypes = {
  Path: ResolverTypeWrapper<Scalars['Path']['output']>;
  PathPattern: ResolverTypeWrapper<Scalars['PathPattern']['output']>;
  JSON: ResolverTypeWrapper<Scalars['JSON']['output']>;
  DateTime: ResolverTypeWrapper<Scalars['DateTime']['output']>;
  Cursor: ResolverTypeWrapper<Scalars['Cursor']['output']>;
  Node: ResolverTypeWrapper<ShownDocument>;
  ID: ResolverTypeWrapper<Scalars['ID']['output']>;
  Query: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Int: ResolverTypeWrapper<Scalars['Int']['output']>;
  Boolean: ResolverTypeWrapper<Scalars['Boolean']['output']>;
  String: ResolverTypeWrapper<Scalars['String']['output']>;
  Mutation: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Subscription: ResolverTypeWrapper<Record<PropertyKey, never>>;
  Document: ResolverTypeWrapper<ShownDocument>;
  DocumentConnection: ResolverTypeWrapper<DocumentPage>;
  DocumentEdge: ResolverTypeWrapper<Omit<GqlDocumentEdge, 'node'> & { node: GqlResolversTypes['Document'] }>;
  CollectionConnection: ResolverTypeWrapper<CollectionPage>;
  CollectionEdge: ResolverTypeWrapper<GqlCollectionEdge>;
  Collection: ResolverTypeWrapper<GqlCollection>;
  PageInfo: ResolverTypeWrapper<GqlPageInfo>;
  Commit: ResolverTypeWrapper<WriteResult>;
  Change: ResolverTypeWrapper<ShownChange>;
  ChangeBatch: ResolverTypeWrapper<ChangeBatch>;
  ChangeType: GqlChangeType;
  ChangeReason: GqlChangeReason;
  Replica: GqlReplica;
  Reset: GqlReset;
  Start: GqlStart;
  AsOf: GqlAsOf;
  Expect: GqlExpect;
  InterruptInput: GqlInterruptInput;
  Check: GqlCheck;
  Op: GqlOp;
  PostOp: GqlPostOp;
  PutOp: GqlPutOp;
  PatchOp: GqlPatchOp;
  DeleteOp: GqlDeleteOp;
  PatchInput: GqlPatchInput;
  Scope: GqlScope;
  RevertInput: GqlRevertInput;
  ActorPeriod: GqlActorPeriod;
  Reverted: ResolverTypeWrapper<Reverted>;
  Reverting: ResolverTypeWrapper<Reverting>;
  RevertConflict: ResolverTypeWrapper<RevertConflict>;
};

/** Mapping between all available schema types and the resolvers parents */
export type GqlResolversParentTypes = {
  Path: Scalars['Path']['output'];
  PathPattern: Scalars['PathPattern']['output'];
  JSON: Scalars['JSON']['output'];
  DateTime: Scalars['DateTime']['output'];
  Cursor: Scalars['Cursor']['output'];
  Node: ShownDocument;
  ID: Scalars['ID']['output'];
  Query: Record<PropertyKey, never>;
  Int: Scalars['Int']['output'];
  Boolean: Scalars['Boolean']['output'];
  String: Scalars['String']['output'];
  Mutation: Record<PropertyKey, never>;
  Subscription: Record<PropertyKey, never>;
  Document: ShownDocument;
  DocumentConnection: DocumentPage;
  DocumentEdge: Omit<GqlDocumentEdge, 'node'> & { node: GqlResolversParentTypes['Document'] };
  CollectionConnection: CollectionPage;
  CollectionEdge: GqlCollectionEdge;
  Collection: GqlCollection;
  PageInfo: GqlPageInfo;
  Commit: WriteResult;
  Change: ShownChange;
  ChangeBatch: ChangeBatch;
  AsOf: GqlAsOf;
  Expect: GqlExpect;
  InterruptInput: GqlInterruptInput;
  Check: GqlCheck;
  Op: GqlOp;
  PostOp: GqlPostOp;
  PutOp: GqlPutOp;
  PatchOp: GqlPatchOp;
  DeleteOp: GqlDeleteOp;
  PatchInput: GqlPatchInput;
  RevertInput: GqlRevertInput;
  ActorPeriod: GqlActorPeriod;
  Reverted: Reverted;
  Reverting: Reverting;
  RevertConflict: RevertConflict;
};

export interface GqlPathScalarConfig extends GraphQLScalarTypeConfig<GqlResolversTypes['Path'], any> {
  name: 'Path';
}

export interface GqlPathPatternScalarConfig extends GraphQLScalarTypeConfig<GqlResolversTypes['PathPattern'], any> {
  name: 'PathPattern';
}

export interface GqlJsonScalarConfig extends GraphQLScalarTypeConfig<GqlResolversTypes['JSON'], any> {
  name: 'JSON';
}

export interface GqlDateTimeScalarConfig extends GraphQLScalarTypeConfig<GqlResolversTypes['DateTime'], any> {
  name: 'DateTime';
}

export interface GqlCursorScalarConfig extends GraphQLScalarTypeConfig<GqlResolversTypes['Cursor'], any> {
  name: 'Cursor';
}

export type GqlNodeResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['Node'] = GqlResolversParentTypes['Node']> = {
  __resolveType: TypeResolveFn<'Document', ParentType, ContextType>;
};

export type GqlQueryResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['Query'] = GqlResolversParentTypes['Query']> = {
  node?: Resolver<Maybe<GqlResolversTypes['Node']>, ParentType, ContextType, RequireFields<GqlQueryNodeArgs, 'id'>>;
  get?: Resolver<Maybe<GqlResolversTypes['JSON']>, ParentType, ContextType, RequireFields<GqlQueryGetArgs, 'path'>>;
  document?: Resolver<Maybe<GqlResolversTypes['Document']>, ParentType, ContextType, RequireFields<GqlQueryDocumentArgs, 'path'>>;
  documents?: Resolver<GqlResolversTypes['DocumentConnection'], ParentType, ContextType, RequireFields<GqlQueryDocumentsArgs, 'path'>>;
  history?: Resolver<GqlResolversTypes['DocumentConnection'], ParentType, ContextType, RequireFields<GqlQueryHistoryArgs, 'path'>>;
  collections?: Resolver<Maybe<GqlResolversTypes['CollectionConnection']>, ParentType, ContextType, RequireFields<GqlQueryCollectionsArgs, 'first'>>;
  diff?: Resolver<GqlResolversTypes['JSON'], ParentType, ContextType, RequireFields<GqlQueryDiffArgs, 'path' | 'from'>>;
  log?: Resolver<GqlResolversTypes['ChangeBatch'], ParentType, ContextType, RequireFields<GqlQueryLogArgs, 'paths'>>;
};

export type GqlMutationResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['Mutation'] = GqlResolversParentTypes['Mutation']> = {
  post?: Resolver<GqlResolversTypes['Commit'], ParentType, ContextType, RequireFields<GqlMutationPostArgs, 'path' | 'ephemeral'>>;
  put?: Resolver<GqlResolversTypes['Commit'], ParentType, ContextType, RequireFields<GqlMutationPutArgs, 'path'>>;
  patch?: Resolver<GqlResolversTypes['Commit'], ParentType, ContextType, RequireFields<GqlMutationPatchArgs, 'path' | 'patch'>>;
  delete?: Resolver<GqlResolversTypes['Commit'], ParentType, ContextType, RequireFields<GqlMutationDeleteArgs, 'path'>>;
  restore?: Resolver<GqlResolversTypes['Commit'], ParentType, ContextType, RequireFields<GqlMutationRestoreArgs, 'path' | 'to' | 'scope'>>;
  revert?: Resolver<GqlResolversTypes['Reverted'], ParentType, ContextType, RequireFields<GqlMutationRevertArgs, 'what' | 'dryRun'>>;
  purge?: Resolver<GqlResolversTypes['Commit'], ParentType, ContextType, RequireFields<GqlMutationPurgeArgs, 'path'>>;
  transact?: Resolver<GqlResolversTypes['Commit'], ParentType, ContextType, RequireFields<GqlMutationTransactArgs, 'ops'>>;
  interrupt?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType, RequireFields<GqlMutationInterruptArgs, 'match'>>;
};

export type GqlSubscriptionResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['Subscription'] = GqlResolversParentTypes['Subscription']> = {
  changes?: SubscriptionResolver<GqlResolversTypes['ChangeBatch'], "changes", ParentType, ContextType, RequireFields<GqlSubscriptionChangesArgs, 'paths' | 'start' | 'replica' | 'heartbeatMs'>>;
  live?: SubscriptionResolver<GqlResolversTypes['ChangeBatch'], "live", ParentType, ContextType, RequireFields<GqlSubscriptionLiveArgs, 'paths' | 'replica' | 'heartbeatMs'>>;
  get?: SubscriptionResolver<Maybe<GqlResolversTypes['JSON']>, "get", ParentType, ContextType, RequireFields<GqlSubscriptionGetArgs, 'path'>>;
};

export type GqlDocumentResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['Document'] = GqlResolversParentTypes['Document']> = {
  path?: Resolver<GqlResolversTypes['Path'], ParentType, ContextType>;
  id?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  localId?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  version?: Resolver<GqlResolversTypes['Int'], ParentType, ContextType>;
  value?: Resolver<Maybe<GqlResolversTypes['JSON']>, ParentType, ContextType>;
  field?: Resolver<Maybe<GqlResolversTypes['JSON']>, ParentType, ContextType, RequireFields<GqlDocumentFieldArgs, 'path'>>;
  deleted?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  createdAt?: Resolver<GqlResolversTypes['DateTime'], ParentType, ContextType>;
  updatedAt?: Resolver<GqlResolversTypes['DateTime'], ParentType, ContextType>;
  actor?: Resolver<Maybe<GqlResolversTypes['String']>, ParentType, ContextType>;
  cursor?: Resolver<GqlResolversTypes['Cursor'], ParentType, ContextType>;
  asOf?: Resolver<GqlResolversTypes['Cursor'], ParentType, ContextType>;
  documents?: Resolver<GqlResolversTypes['DocumentConnection'], ParentType, ContextType, RequireFields<GqlDocumentDocumentsArgs, 'name'>>;
  history?: Resolver<GqlResolversTypes['DocumentConnection'], ParentType, ContextType, Partial<GqlDocumentHistoryArgs>>;
  __isTypeOf?: IsTypeOfResolverFn<ParentType, ContextType>;
};

export type GqlDocumentConnectionResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['DocumentConnection'] = GqlResolversParentTypes['DocumentConnection']> = {
  edges?: Resolver<ReadonlyArray<GqlResolversTypes['DocumentEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<GqlResolversTypes['Document']>, ParentType, ContextType>;
  pageInfo?: Resolver<GqlResolversTypes['PageInfo'], ParentType, ContextType>;
  cursor?: Resolver<GqlResolversTypes['Cursor'], ParentType, ContextType>;
  truncated?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
};

export type GqlDocumentEdgeResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['DocumentEdge'] = GqlResolversParentTypes['DocumentEdge']> = {
  cursor?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<GqlResolversTypes['Document'], ParentType, ContextType>;
};

export type GqlCollectionConnectionResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['CollectionConnection'] = GqlResolversParentTypes['CollectionConnection']> = {
  edges?: Resolver<ReadonlyArray<GqlResolversTypes['CollectionEdge']>, ParentType, ContextType>;
  nodes?: Resolver<ReadonlyArray<GqlResolversTypes['Collection']>, ParentType, ContextType>;
  pageInfo?: Resolver<GqlResolversTypes['PageInfo'], ParentType, ContextType>;
  cursor?: Resolver<GqlResolversTypes['Cursor'], ParentType, ContextType>;
};

export type GqlCollectionEdgeResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['CollectionEdge'] = GqlResolversParentTypes['CollectionEdge']> = {
  cursor?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  node?: Resolver<GqlResolversTypes['Collection'], ParentType, ContextType>;
};

export type GqlCollectionResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['Collection'] = GqlResolversParentTypes['Collection']> = {
  path?: Resolver<GqlResolversTypes['Path'], ParentType, ContextType>;
  name?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  documents?: Resolver<Maybe<GqlResolversTypes['Int']>, ParentType, ContextType>;
};

export type GqlPageInfoResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['PageInfo'] = GqlResolversParentTypes['PageInfo']> = {
  hasNextPage?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  hasPreviousPage?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  startCursor?: Resolver<Maybe<GqlResolversTypes['String']>, ParentType, ContextType>;
  endCursor?: Resolver<Maybe<GqlResolversTypes['String']>, ParentType, ContextType>;
};

export type GqlCommitResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['Commit'] = GqlResolversParentTypes['Commit']> = {
  id?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  cursor?: Resolver<GqlResolversTypes['Cursor'], ParentType, ContextType>;
  at?: Resolver<GqlResolversTypes['DateTime'], ParentType, ContextType>;
  actor?: Resolver<Maybe<GqlResolversTypes['String']>, ParentType, ContextType>;
  repeated?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  document?: Resolver<Maybe<GqlResolversTypes['Document']>, ParentType, ContextType>;
  changes?: Resolver<ReadonlyArray<GqlResolversTypes['Change']>, ParentType, ContextType>;
};

export type GqlChangeResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['Change'] = GqlResolversParentTypes['Change']> = {
  type?: Resolver<GqlResolversTypes['ChangeType'], ParentType, ContextType>;
  reason?: Resolver<GqlResolversTypes['ChangeReason'], ParentType, ContextType>;
  path?: Resolver<GqlResolversTypes['Path'], ParentType, ContextType>;
  document?: Resolver<GqlResolversTypes['Document'], ParentType, ContextType>;
  before?: Resolver<Maybe<GqlResolversTypes['JSON']>, ParentType, ContextType>;
  fields?: Resolver<ReadonlyArray<GqlResolversTypes['String']>, ParentType, ContextType>;
  commit?: Resolver<GqlResolversTypes['ID'], ParentType, ContextType>;
  cursor?: Resolver<Maybe<GqlResolversTypes['Cursor']>, ParentType, ContextType>;
  at?: Resolver<GqlResolversTypes['DateTime'], ParentType, ContextType>;
};

export type GqlChangeBatchResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['ChangeBatch'] = GqlResolversParentTypes['ChangeBatch']> = {
  changes?: Resolver<ReadonlyArray<GqlResolversTypes['Change']>, ParentType, ContextType>;
  cursor?: Resolver<GqlResolversTypes['Cursor'], ParentType, ContextType>;
  upToDate?: Resolver<GqlResolversTypes['Boolean'], ParentType, ContextType>;
  reset?: Resolver<Maybe<GqlResolversTypes['Reset']>, ParentType, ContextType>;
  pageInfo?: Resolver<Maybe<GqlResolversTypes['PageInfo']>, ParentType, ContextType>;
};

export type GqlRevertedResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['Reverted'] = GqlResolversParentTypes['Reverted']> = {
  commit?: Resolver<Maybe<GqlResolversTypes['Commit']>, ParentType, ContextType>;
  applied?: Resolver<ReadonlyArray<GqlResolversTypes['Reverting']>, ParentType, ContextType>;
  conflicts?: Resolver<ReadonlyArray<GqlResolversTypes['RevertConflict']>, ParentType, ContextType>;
};

export type GqlRevertingResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['Reverting'] = GqlResolversParentTypes['Reverting']> = {
  path?: Resolver<GqlResolversTypes['Path'], ParentType, ContextType>;
  fields?: Resolver<ReadonlyArray<GqlResolversTypes['String']>, ParentType, ContextType>;
  type?: Resolver<GqlResolversTypes['ChangeType'], ParentType, ContextType>;
  value?: Resolver<Maybe<GqlResolversTypes['JSON']>, ParentType, ContextType>;
};

export type GqlRevertConflictResolvers<ContextType = Context, ParentType extends GqlResolversParentTypes['RevertConflict'] = GqlResolversParentTypes['RevertConflict']> = {
  path?: Resolver<GqlResolversTypes['Path'], ParentType, ContextType>;
  field?: Resolver<GqlResolversTypes['String'], ParentType, ContextType>;
  now?: Resolver<Maybe<GqlResolversTypes['JSON']>, ParentType, ContextType>;
  wanted?: Resolver<Maybe<GqlResolversTypes['JSON']>, ParentType, ContextType>;
  by?: Resolver<Maybe<GqlResolversTypes['String']>, ParentType, ContextType>;
};

export type GqlResolvers<ContextType = Context> = {
  Path?: GraphQLScalarType;
  PathPattern?: GraphQLScalarType;
  JSON?: GraphQLScalarType;
  DateTime?: GraphQLScalarType;
  Cursor?: GraphQLScalarType;
  Node?: GqlNodeResolvers<ContextType>;
  Query?: GqlQueryResolvers<ContextType>;
  Mutation?: GqlMutationResolvers<ContextType>;
  Subscription?: GqlSubscriptionResolvers<ContextType>;
  Document?: GqlDocumentResolvers<ContextType>;
  DocumentConnection?: GqlDocumentConnectionResolvers<ContextType>;
  DocumentEdge?: GqlDocumentEdgeResolvers<ContextType>;
  CollectionConnection?: GqlCollectionConnectionResolvers<ContextType>;
  CollectionEdge?: GqlCollectionEdgeResolvers<ContextType>;
  Collection?: GqlCollectionResolvers<ContextType>;
  PageInfo?: GqlPageInfoResolvers<ContextType>;
  Commit?: GqlCommitResolvers<ContextType>;
  Change?: GqlChangeResolvers<ContextType>;
  ChangeBatch?: GqlChangeBatchResolvers<ContextType>;
  Reverted?: GqlRevertedResolvers<ContextType>;
  Reverting?: GqlRevertingResolvers<ContextType>;
  RevertConflict?: GqlRevertConflictResolvers<ContextType>;
};


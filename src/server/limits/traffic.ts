/** Numbers since the start of the process, over all transports. Rates are differences of two readings. */
export class Traffic {
  /** Queries that were executed. */
  reads = 0
  /** Mutations that were executed. */
  writes = 0
  /** Messages to subscriptions, heartbeats included. */
  deliveries = 0
}

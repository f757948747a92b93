/** Node's own limits for a stalled client, far below their defaults so that a test can see them at work. */
export const IMPATIENT_SERVER = {
  requestTimeout: 1500,
  headersTimeout: 1500,
  connectionsCheckingInterval: 100,
};

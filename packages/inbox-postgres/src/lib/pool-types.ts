/** A connection of a pool, as far as it is used. */
export interface ExistingPoolClient {
  query(statement: {
    text: string;
    values?: unknown[];
    query_timeout?: number;
  }): Promise<{ rows: unknown[] }>;
  release(error?: Error | boolean): void;
  on(event: "error", listener: (error: Error) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
}

/** A `Pool` of the package `pg`, as far as it is used. */
export interface ExistingPool {
  /** What its connections are made with: the inbox makes one of its own, to listen on. */
  readonly options?: object;
  connect(): Promise<ExistingPoolClient>;
  on(event: "error", listener: (error: Error) => void): unknown;
  on(event: "connect", listener: (client: ExistingPoolClient) => void): unknown;
  off(event: "error", listener: (error: Error) => void): unknown;
  off(event: "connect", listener: (client: ExistingPoolClient) => void): unknown;
}

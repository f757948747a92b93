/** Where a dead letter stands among the others. Its handle says so, so that a page goes on where one is gone. */
export interface Position {
  readonly diedAt: number;
  readonly id: number;
}

export function handleOf({ diedAt, id }: Position): string {
  return `${diedAt}-${id}`;
}

/** What a handle says; undefined where it is none. */
export function positionOf(handle: string): Position | undefined {
  const [, diedAt, id] = /^(\d{1,15})-(\d{1,15})$/.exec(handle) ?? [];
  return diedAt === undefined ? undefined : { diedAt: Number(diedAt), id: Number(id) };
}

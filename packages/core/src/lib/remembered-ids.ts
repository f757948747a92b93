/** Ids, up to a number of them: the oldest are forgotten first. */
export class RememberedIds {
  readonly #ids = new Set<string>();
  readonly #max: number;
  /**
   * Stands before the oldest. One for all time: a new one would pass over the gaps of all that were forgotten since the
   * set was last rebuilt, some ten thousand for each id.
   */
  #oldest: Iterator<string> | undefined;

  constructor(max: number) {
    this.#max = max;
  }

  has(id: string): boolean {
    return this.#ids.has(id);
  }

  add(id: string): void {
    this.#ids.add(id);
    if (this.#ids.size <= this.#max) return;
    // Made when it is needed first: until it moves it keeps every earlier table of the set alive.
    this.#oldest ??= this.#ids.values();
    const oldest = this.#oldest.next();
    if (!oldest.done) this.#ids.delete(oldest.value);
  }
}

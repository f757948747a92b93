/** Slots of the first table; a power of two, as all of them. */
const FIRST_SLOTS = 64;

/**
 * Ids, up to a number of them: the oldest are forgotten first.
 *
 * A table of numbers beside a list of the ids, since a `Set` of 100,000 strings costs several times as much: it goes
 * through memory that is in no cache for each lookup, and for each id that is forgotten.
 */
export class RememberedIds {
  readonly #max: number;
  /** In the order in which they came; once it is full, the next takes the place of the oldest. */
  readonly #ids: string[] = [];
  /** Of each of them, so that the oldest is found without reading it. */
  readonly #hashes: number[] = [];
  #next = 0;
  /** Slots of two numbers: an id's hash, and its place in the list plus 1; 0 where the slot is free. */
  #table = new Uint32Array(FIRST_SLOTS * 2);

  constructor(max: number) {
    this.#max = max;
  }

  has(id: string): boolean {
    const slot = this.#slotOf(hashOf(id), id);
    return this.#table[slot + 1] !== 0;
  }

  add(id: string): void {
    const hash = hashOf(id);
    if (this.#table[this.#slotOf(hash, id) + 1] !== 0) return;
    const place = this.#next;
    if (this.#ids.length === this.#max) this.#forget(place);
    else if (this.#ids.length * 4 >= this.#table.length) this.#grow();
    this.#ids[place] = id;
    this.#hashes[place] = hash;
    this.#put(hash, place, id);
    this.#next = place + 1 === this.#max ? 0 : place + 1;
  }

  /** The slot that the id has, or would get. At least half of them are free: it is one of the first. */
  #slotOf(hash: number, id: string): number {
    const table = this.#table;
    const last = table.length - 1;
    let slot = (hash * 2) & last;
    for (;;) {
      const place = table[slot + 1];
      if (!place || (table[slot] === hash && this.#ids[place - 1] === id)) return slot;
      slot = (slot + 2) & last;
    }
  }

  #put(hash: number, place: number, id: string): void {
    const slot = this.#slotOf(hash, id);
    this.#table[slot] = hash;
    this.#table[slot + 1] = place + 1;
  }

  /** Frees the slot of a place, and moves up those that stand behind it only because it was taken. */
  #forget(place: number): void {
    const table = this.#table;
    const last = table.length - 1;
    let free = ((this.#hashes[place] ?? 0) * 2) & last;
    while (table[free + 1] !== place + 1) free = (free + 2) & last;
    for (let slot = (free + 2) & last; table[slot + 1] !== 0; slot = (slot + 2) & last) {
      const wanted = ((table[slot] ?? 0) * 2) & last;
      if (((slot - wanted) & last) < ((slot - free) & last)) continue;
      table[free] = table[slot] ?? 0;
      table[free + 1] = table[slot + 1] ?? 0;
      free = slot;
    }
    table[free + 1] = 0;
  }

  #grow(): void {
    this.#table = new Uint32Array(this.#table.length * 2);
    this.#ids.forEach((id, place) => this.#put(hashOf(id), place, id));
  }
}

/** 30 bits, the most that every engine keeps as a plain integer. FNV-1a, its bits mixed once more. */
function hashOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at++) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash ^ (hash >>> 15)) & 0x3fffffff;
}

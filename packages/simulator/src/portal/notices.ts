import { newId } from "../lib/ids.ts";

/** What came of a form, shown on the page that comes after it. */
export interface Notice {
  readonly tone: "good" | "bad" | "info";
  readonly title: string;
  readonly text?: string;
}

/** Keeps notices from the answer to a form until the page after it asks for them. */
export interface Notices {
  /** The address of a page that shows it. */
  withNotice(path: string, notice: Notice): string;
  get(id: string | undefined): Notice | undefined;
}

/** Older ones are dropped: nobody waits for them. */
const MAX_KEPT = 100;

/** Makes the place where notices are kept. Addresses carry their ids only, so that no link can put words on a page. */
export function createNotices(): Notices {
  const kept = new Map<string, Notice>();
  return {
    withNotice(path, notice) {
      const id = newId("n");
      kept.set(id, notice);
      for (const oldest of kept.keys()) {
        if (kept.size <= MAX_KEPT) break;
        kept.delete(oldest);
      }
      const [address = "", fragment] = path.split("#");
      const query = `${address.includes("?") ? "&" : "?"}notice=${id}`;
      return `${address}${query}${fragment === undefined ? "" : `#${fragment}`}`;
    },
    get: (id) => (id === undefined ? undefined : kept.get(id)),
  };
}

/** One line of what a service did: the outside view of its runs. */
export type LedgerEntry =
  | {
      readonly what: "started";
      readonly at: number;
      readonly pid: number;
      readonly receiver: string;
      readonly messageId: string;
      readonly run: number;
      /** When the accepted attempt was signed, in milliseconds since the epoch. */
      readonly timestamp: number;
      readonly secretName: string | null;
      readonly hasPlatform: boolean;
      /** SHA-256 of the raw body, in hexadecimal digits. */
      readonly bodyHash: string;
    }
  | { readonly what: "ended"; readonly at: number; readonly pid: number; readonly messageId: string }
  | { readonly what: "aborted"; readonly at: number; readonly pid: number; readonly messageId: string }
  | {
      readonly what: "failed";
      readonly at: number;
      readonly pid: number;
      readonly messageId: string;
      readonly run: number;
      readonly final: boolean;
      readonly code: string;
    };

/** Where a service writes what it did. Kept outside of it, so that its death takes nothing away. */
export type Ledger = (entry: LedgerEntry) => void;

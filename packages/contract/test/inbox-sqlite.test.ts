import { describeInbox } from "../src/inbox-suite.ts";
import { sqlite } from "../src/inboxes/sqlite.ts";

describeInbox(sqlite);

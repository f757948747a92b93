import { describeInbox } from "../src/inbox-suite.ts";
import { memory } from "../src/inboxes/memory.ts";

describeInbox(memory);

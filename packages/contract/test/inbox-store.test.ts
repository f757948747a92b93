import { describeInbox } from "../src/inbox-suite.ts";
import { memoryStoreEngine } from "../src/inboxes/memory-store-engine.ts";

describeInbox(memoryStoreEngine);

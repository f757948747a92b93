import { describeInbox } from "../src/inbox-suite.ts";
import { postgres } from "../src/inboxes/postgres.ts";

describeInbox(postgres);

import { describeInbox } from "../src/inbox-suite.ts";
import { cloudflare } from "../src/inboxes/cloudflare.ts";

describeInbox(cloudflare);

import { HTTP2_HOSTS } from "../../src/hosts/http2.ts";
import { describeHost } from "../../src/hosts/suite.ts";

for (const host of HTTP2_HOSTS) describeHost(host);

import { GOOGLE_HOSTS } from "../../src/hosts/google.ts";
import { describeHost } from "../../src/hosts/suite.ts";

for (const host of GOOGLE_HOSTS) describeHost(host);

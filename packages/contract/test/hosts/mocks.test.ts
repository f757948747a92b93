import { MOCK_HOSTS } from "../../src/hosts/mocks.ts";
import { describeHost } from "../../src/hosts/suite.ts";

for (const host of MOCK_HOSTS) describeHost(host);

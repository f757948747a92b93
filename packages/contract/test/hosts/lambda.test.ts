import { LAMBDA_HOSTS } from "../../src/hosts/lambda.ts";
import { describeHost } from "../../src/hosts/suite.ts";

for (const host of LAMBDA_HOSTS) describeHost(host);

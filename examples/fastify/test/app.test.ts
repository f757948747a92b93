import { describeNodeExample } from "../../example-suite.ts";

describeNodeExample(new URL("..", import.meta.url));

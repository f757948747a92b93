import { NODE_FRAMEWORKS } from "../../src/body-matrix/servers.ts";
import { describeBodyMatrix } from "../../src/body-matrix/suite.ts";

describeBodyMatrix(NODE_FRAMEWORKS.express4);

/** A request as AWS hands it to a function, in each of its formats. */
import type { HttpRequest } from "../http.ts";
import { PATH } from "./apps.ts";
import { headersOf } from "./host.ts";

type LambdaEvent = Readonly<Record<string, unknown>>;

/** The context of an invocation. */
export const LAMBDA_CONTEXT = {
  awsRequestId: "1",
  callbackWaitsForEmptyEventLoop: true,
  functionName: "receive",
  functionVersion: "$LATEST",
  invokedFunctionArn: "arn:aws:lambda:eu-central-1:123456789012:function:receive",
  memoryLimitInMB: "128",
  logGroupName: "group",
  logStreamName: "stream",
  getRemainingTimeInMillis: () => 30_000,
  done: () => {},
  fail: () => {},
  succeed: () => {},
};

function bodyOf({ body }: HttpRequest, isBase64Encoded: boolean): { body: string; isBase64Encoded: boolean } {
  return { body: Buffer.from(body ?? "").toString(isBase64Encoded ? "base64" : "utf8"), isBase64Encoded };
}

function v1(request: HttpRequest, isBase64Encoded: boolean): LambdaEvent {
  const headers = headersOf(request);
  return {
    ...bodyOf(request, isBase64Encoded),
    httpMethod: "POST",
    path: PATH,
    resource: "/{proxy+}",
    headers,
    multiValueHeaders: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]])),
    queryStringParameters: null,
    multiValueQueryStringParameters: null,
    pathParameters: null,
    stageVariables: null,
    requestContext: {
      accountId: "123456789012",
      apiId: "api",
      httpMethod: "POST",
      identity: { sourceIp: "127.0.0.1" },
      path: PATH,
      protocol: "HTTP/1.1",
      requestId: "1",
      resourcePath: "/{proxy+}",
      stage: "prod",
    },
  };
}

function v2(request: HttpRequest, isBase64Encoded: boolean): LambdaEvent {
  return {
    ...bodyOf(request, isBase64Encoded),
    version: "2.0",
    routeKey: "$default",
    rawPath: PATH,
    rawQueryString: "",
    cookies: [],
    headers: { ...headersOf(request), host: "abc.lambda-url.eu-central-1.on.aws" },
    requestContext: {
      accountId: "anonymous",
      apiId: "api",
      domainName: "abc.lambda-url.eu-central-1.on.aws",
      domainPrefix: "abc",
      http: { method: "POST", path: PATH, protocol: "HTTP/1.1", sourceIp: "127.0.0.1", userAgent: "Svix" },
      requestId: "1",
      routeKey: "$default",
      stage: "$default",
      time: "28/Jan/2026:12:34:56 +0000",
      timeEpoch: 1_769_603_696_000,
    },
  };
}

function alb(request: HttpRequest, isBase64Encoded: boolean): LambdaEvent {
  return {
    ...bodyOf(request, isBase64Encoded),
    httpMethod: "POST",
    path: PATH,
    headers: headersOf(request),
    queryStringParameters: {},
    requestContext: {
      elb: { targetGroupArn: "arn:aws:elasticloadbalancing:eu-central-1:1:targetgroup/t/1" },
    },
  };
}

/** Every format, by name. */
export const LAMBDA_EVENTS: Readonly<Record<string, (request: HttpRequest) => LambdaEvent>> = {
  "API Gateway, payload 1.0": (request) => v1(request, false),
  "API Gateway, payload 1.0, base64": (request) => v1(request, true),
  "API Gateway, payload 2.0, and function URLs": (request) => v2(request, false),
  "API Gateway, payload 2.0, and function URLs, base64": (request) => v2(request, true),
  "a load balancer": (request) => alb(request, false),
};

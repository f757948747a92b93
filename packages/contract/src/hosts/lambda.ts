/** Hosts on AWS Lambda: adapters that turn an event into a request, and the reply into a result. */
import awsLambdaFastify from "@fastify/aws-lambda";
import { configure as serverlessExpress } from "@codegenie/serverless-express";
import { handle as honoLambda } from "hono/aws-lambda";
import serverlessHttp from "serverless-http";
import { expressApp, fastifyApp, honoApp } from "./apps.ts";
import type { Host, HostReply } from "./host.ts";
import { LAMBDA_CONTEXT, LAMBDA_EVENTS } from "./lambda-events.ts";

interface LambdaResult {
  readonly statusCode: number;
  readonly body?: string;
  readonly isBase64Encoded?: boolean;
}

type Invoke = (event: unknown) => Promise<unknown>;

function lambdaHost(
  wrapper: string,
  format: string,
  start: (options: Parameters<Host["start"]>[0]) => Promise<{
    invoke: Invoke;
    receiver: Awaited<ReturnType<Host["start"]>>["receiver"];
  }>,
): Host {
  return {
    name: `${wrapper}: ${format}`,
    async start(options) {
      const { invoke, receiver } = await start(options);
      return {
        receiver,
        async deliver(request) {
          const event = LAMBDA_EVENTS[format]?.(request);
          return replyOf((await invoke(event)) as LambdaResult);
        },
      };
    },
  };
}

function replyOf({ statusCode, body = "", isBase64Encoded = false }: LambdaResult): HostReply {
  return { status: statusCode, text: isBase64Encoded ? Buffer.from(body, "base64").toString() : body };
}

const WRAPPERS: Readonly<Record<string, Parameters<typeof lambdaHost>[2]>> = {
  "Express on @codegenie/serverless-express": async (options) => {
    const { app, receiver } = expressApp(options);
    const handler = serverlessExpress({ app });
    return {
      receiver,
      invoke: async (event) => handler(event, LAMBDA_CONTEXT, () => {}) as Promise<unknown>,
    };
  },
  "Express on serverless-http": async (options) => {
    const { app, receiver } = expressApp(options);
    const handler = serverlessHttp(app);
    return { receiver, invoke: async (event) => handler(event as object, LAMBDA_CONTEXT) };
  },
  "Fastify on serverless-http": async (options) => {
    const { app, receiver } = await fastifyApp(options);
    await app.ready();
    const handler = serverlessHttp(app.routing.bind(app));
    return { receiver, invoke: async (event) => handler(event as object, LAMBDA_CONTEXT) };
  },
  "Fastify on @fastify/aws-lambda": async (options) => {
    const { app, receiver } = await fastifyApp(options);
    const handler = awsLambdaFastify(app) as (event: unknown, context: unknown) => Promise<unknown>;
    return { receiver, invoke: async (event) => handler(event, LAMBDA_CONTEXT) };
  },
  "Hono on hono/aws-lambda": async (options) => {
    const { app, receiver } = honoApp(options);
    const handler = honoLambda(app) as (event: unknown, context: unknown) => Promise<unknown>;
    return { receiver, invoke: async (event) => handler(event, LAMBDA_CONTEXT) };
  },
};

/** Every wrapper with every format of events. */
export const LAMBDA_HOSTS: readonly Host[] = Object.entries(WRAPPERS).flatMap(([wrapper, start]) =>
  Object.keys(LAMBDA_EVENTS).map((format) => lambdaHost(wrapper, format, start)),
);

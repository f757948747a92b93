/** Mocks of Node's request and response, in which tests run apps without a server. */
import { EventEmitter } from "node:events";
import { type RequestListener, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import inject from "light-my-request";
import mocks from "node-mocks-http";
import type { HttpRequest } from "../http.ts";
import { PATH, coreListener, expressApp, fastifyApp } from "./apps.ts";
import { type Host, type HostReply, type RunningHost, headersOf } from "./host.ts";

type Deliver = RunningHost["deliver"];

function injected(listener: RequestListener): Deliver {
  return async (request) => {
    const { statusCode, payload } = await inject(listener, {
      method: "POST",
      url: PATH,
      headers: headersOf(request),
      payload: Buffer.from(request.body ?? ""),
    });
    return { status: statusCode, text: payload };
  };
}

/** With an emitter, as its docs have it for code that waits for events; it emits `end` and `finish`, and no `close`. */
function mocked(listener: RequestListener): Deliver {
  return (request) =>
    new Promise((resolve) => {
      const req = mocks.createRequest({ method: "POST", url: PATH, headers: headersOf(request) });
      const res = mocks.createResponse({ req, eventEmitter: EventEmitter });
      // Express puts its own methods on the request: what a mock has as the body stays there.
      Object.assign(req, { body: Buffer.from(request.body ?? "") });
      res.on("end", () => resolve({ status: res.statusCode, text: String(res._getData()) }));
      listener(req, res);
    });
}

/** A response that emits only what it is allowed to, as some serverless wrappers do. */
function emittingOnly(...events: readonly string[]): (listener: RequestListener) => Deliver {
  return (listener) => (request) =>
    new Promise<HostReply>((resolve) => {
      const req = Object.assign(Readable.from([Buffer.from(request.body ?? "")]), {
        method: "POST",
        url: PATH,
        headers: headersOf(request),
        httpVersion: "1.1",
        httpVersionMajor: 1,
        httpVersionMinor: 1,
        socket: new EventEmitter(),
        connection: new EventEmitter(),
      });
      const res = new ServerResponse(req as never);
      const { emit, end } = res;
      // On the object itself: Express gives it another prototype.
      Object.assign(res, {
        emit: (event: string, ...args: unknown[]) =>
          /^(?:finish|close|end|prefinish)$/.test(event) && !events.includes(event)
            ? false
            : Reflect.apply(emit, res, [event, ...args]),
        end(body: unknown) {
          Reflect.apply(end, res, [body]);
          resolve({ status: res.statusCode, text: String(body) });
          for (const event of events) res.emit(event);
          return res;
        },
      });
      listener(req as never, res);
    });
}

const MOCKS: Readonly<Record<string, (listener: RequestListener) => Deliver>> = {
  "light-my-request": injected,
  "node-mocks-http": mocked,
  "a response that emits nothing": emittingOnly(),
  "a response that emits finish only": emittingOnly("finish"),
  "a response that emits close only": emittingOnly("close"),
};

export const MOCK_HOSTS: readonly Host[] = [
  ...Object.entries(MOCKS).flatMap(([name, deliverTo]): Host[] => [
    {
      name: `core on ${name}`,
      async start(options) {
        const { listener, receiver } = coreListener(options);
        return { receiver, deliver: deliverTo(listener) };
      },
    },
    {
      name: `Express on ${name}`,
      async start(options) {
        const { handler, receiver } = expressApp(options);
        return { receiver, deliver: deliverTo(handler) };
      },
    },
  ]),
  {
    name: "Fastify's inject",
    async start(options) {
      const { app, receiver } = await fastifyApp(options);
      return {
        receiver,
        async deliver(request: HttpRequest) {
          const { statusCode, payload } = await app.inject({
            method: "POST",
            url: PATH,
            headers: headersOf(request),
            payload: Buffer.from(request.body ?? ""),
          });
          return { status: statusCode, text: payload };
        },
      };
    },
  },
];

import { type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import { GENERATION_EVENT_TYPES, type GenerationEventType } from "@diffio-webhooks/core";
import type { Endpoint } from "@diffio-webhooks/simulator";
import { newGroup } from "./command.ts";
import { readDuration } from "./duration.ts";
import { usageError } from "./exit.ts";
import { readHeaderLines } from "./header-lines.ts";
import { collect } from "./input.ts";
import { bold, createOutput, green, grey, plain, red, yellow } from "./output.ts";
import { newSimulatorCommand, simulatorOf } from "./simulator-command.ts";
import { renderRows } from "./table.ts";

const EVENT_TYPES = new Option("--event-type <type...>", "these only; a new one gets all without it").choices(
  ["all", ...GENERATION_EVENT_TYPES] as const,
);
const MODES = new Option("--mode <mode...>", "events of these modes only; both without it").choices([
  "test",
  "live",
] as const);

/** `endpoints`: where the simulator sends to. */
export function endpointsCommand(): CommandUnknownOpts {
  return newGroup(
    "endpoints",
    {
      description:
        "The simulator's endpoints: list, create, update, enable, disable, remove, rotate their secrets.",
      examples: [
        "endpoints create http://localhost:3000/webhooks/diffio",
        "endpoints list",
        "endpoints rotate-secret ep_… --grace 1h",
      ],
    },
    [
      listCommand(),
      createCommand(),
      showCommand(),
      updateCommand(),
      switchCommand("enable", "Send to it again. What it missed is not sent: recover does that."),
      switchCommand("disable", "Send nothing to it, and drop the attempts that were planned."),
      removeCommand(),
      rotateCommand(),
    ],
  );
}

function listCommand(): CommandUnknownOpts {
  return newSimulatorCommand("list", {
    description: "List them.",
    examples: ["endpoints list", "endpoints list --json | jq .url"],
  }).action(async (options) => {
    const output = createOutput(options);
    const endpoints = await simulatorOf(options).endpoints.list();
    for (const endpoint of endpoints) output.record(endpoint, undefined);
    output.say(
      endpoints.length === 0
        ? "None yet: add one with diffio-webhooks endpoints create URL."
        : renderRows(
            endpoints.map((one) => [
              one.id,
              renderState(one),
              plain(one.url),
              one.eventTypes.join(", ") || "all events",
            ]),
          ),
    );
  });
}

function createCommand(): CommandUnknownOpts {
  return newSimulatorCommand("create", {
    description: "Add one, and show its signing secret.",
    examples: [
      "endpoints create http://localhost:3000/webhooks/diffio",
      "endpoints create http://localhost:3000/hooks --event-type generation.completed generation.failed",
      "endpoints create http://localhost:3000/hooks --secret whsec_… --header 'authorization: Basic …'",
    ],
  })
    .argument("<url>", "the receiver's URL")
    .addOption(EVENT_TYPES)
    .addOption(MODES)
    .option("--secret <secret>", "whsec_…; a new one without it")
    .option("-H, --header <line>", 'sent with each delivery, "name: value"', collect)
    .action(async (url, { eventType, mode, secret, header, ...options }) => {
      const endpoint = await simulatorOf(options, { reveal: true }).endpoints.create({
        url,
        eventTypes: readEventTypes(eventType),
        modes: mode,
        signingSecret: secret,
        headers: readHeaders(header),
      });
      createOutput(options).record(
        endpoint,
        `${green("✓")} ${bold(endpoint.id)} → ${plain(endpoint.url)}\n  DIFFIO_WEBHOOK_SECRET=${endpoint.signingSecret}`,
      );
    });
}

function showCommand(): CommandUnknownOpts {
  return newSimulatorCommand("show", {
    description: "Show one, its secrets masked unless you ask for them.",
    examples: ["endpoints show ep_…", "endpoints show ep_… --reveal --json | jq -r .signingSecret"],
  })
    .argument("<id>", "ep_…")
    .option("--reveal", "show secrets, and headers that may hold credentials")
    .action(async (id, { reveal, ...options }) => {
      const endpoint = await simulatorOf(options, { reveal: reveal ?? false }).endpoints.get(id);
      createOutput(options).record(endpoint, renderEndpoint(endpoint));
    });
}

function updateCommand(): CommandUnknownOpts {
  return newSimulatorCommand("update", {
    description: "Change one; what is not named stays.",
    examples: [
      "endpoints update ep_… --url http://localhost:4000/hooks",
      "endpoints update ep_… --event-type generation.failed",
      "endpoints update ep_… --event-type all",
    ],
  })
    .argument("<id>", "ep_…")
    .option("--url <url>", "the receiver's URL")
    .addOption(EVENT_TYPES)
    .addOption(MODES)
    .option("-H, --header <line>", "in place of all those that it has", collect)
    .action(async (id, { url, eventType, mode, header, ...options }) => {
      const changes = {
        ...(url !== undefined && { url }),
        eventTypes: readEventTypes(eventType),
        modes: mode,
        headers: readHeaders(header),
      };
      if (Object.values(changes).every((change) => change === undefined))
        throw usageError("What is to change?", "Give --url, --event-type, --mode or --header.");
      const endpoint = await simulatorOf(options).endpoints.update(id, changes);
      createOutput(options).record(endpoint, renderEndpoint(endpoint));
    });
}

function switchCommand(operation: "enable" | "disable", description: string): CommandUnknownOpts {
  return newSimulatorCommand(operation, { description, examples: [`endpoints ${operation} ep_…`] })
    .argument("<id>", "ep_…")
    .action(async (id, options) => {
      const endpoint = await simulatorOf(options).endpoints[operation](id);
      createOutput(options).record(endpoint, `${green("✓")} ${endpoint.id} is ${operation}d.`);
    });
}

function removeCommand(): CommandUnknownOpts {
  return newSimulatorCommand("remove", {
    description: "Remove one. Its attempts stay with their messages.",
    examples: ["endpoints remove ep_…"],
  })
    .argument("<id>", "ep_…")
    .action(async (id, options) => {
      await simulatorOf(options).endpoints.remove(id);
      createOutput(options).record({ id, removed: true }, `${green("✓")} ${plain(id)} is removed.`);
    });
}

function rotateCommand(): CommandUnknownOpts {
  return newSimulatorCommand("rotate-secret", {
    description: "Give it a new signing secret; for a while the old one signs, too.",
    examples: ["endpoints rotate-secret ep_…", "endpoints rotate-secret ep_… --grace 1h"],
  })
    .argument("<id>", "ep_…")
    .option(
      "--grace <duration>",
      "how long the old one signs, on the simulated clock; at most 7d",
      readDuration,
      86_400,
    )
    .option("--secret <secret>", "whsec_…; a new one without it")
    .action(async (id, { grace, secret, ...options }) => {
      const rotation = { graceInSeconds: grace, signingSecret: secret };
      const signingSecret = await simulatorOf(options, { reveal: true }).endpoints.rotateSecret(id, rotation);
      createOutput(options).record(
        { id, signingSecret },
        `${green("✓")} DIFFIO_WEBHOOK_SECRET=${signingSecret}`,
      );
    });
}

function readHeaders(lines: readonly string[] | undefined): Record<string, string> | undefined {
  if (!lines) return undefined;
  return Object.fromEntries(
    Object.entries(readHeaderLines(lines)).map(([name, value]) => [name, [value].flat().join(", ")]),
  );
}

/** No types are all of them. */
function readEventTypes(
  chosen: readonly (GenerationEventType | "all")[] | undefined,
): readonly GenerationEventType[] | undefined {
  return chosen?.includes("all") ? [] : (chosen as readonly GenerationEventType[] | undefined);
}

function renderState({ disabledBecause, failingSince }: Endpoint): string {
  if (disabledBecause === null) return failingSince ? red("failing") : green("enabled");
  return yellow(disabledBecause === "failing" ? "disabled (failing)" : "disabled");
}

function renderEndpoint(endpoint: Endpoint): string {
  const { id, url, eventTypes, modes, headers, signingSecret, previousSecrets, failingSince } = endpoint;
  const rows = [
    ["url", plain(url)],
    ["state", renderState(endpoint)],
    ["events", eventTypes.join(", ") || "all"],
    ["modes", modes.join(", ")],
    ["secret", signingSecret],
    ...previousSecrets.map((one) => [
      "old secret",
      `${one.signingSecret} until ${one.expiresAt.toISOString()}`,
    ]),
    ...Object.entries(headers).map(([name, value]) => ["header", plain(`${name}: ${value}`)]),
    ...(failingSince ? [["failing since", failingSince.toISOString()]] : []),
  ];
  return `${bold(id)}\n${renderRows(rows.map(([name = "", value = ""]) => [`  ${grey(name)}`, value]))}`;
}

import type { ContestantId } from "./contestant-names.ts";
import { machineText } from "./machine.ts";
import { formatNumber } from "./report.ts";
import type { Results, ServerId } from "./results.ts";
import { median } from "./statistics.ts";

/** One panel of bars: the shorter, the better. */
interface Panel {
  readonly title: string;
  readonly unit: string;
  /** Panels of one kind share a scale. */
  readonly longest: number;
  readonly bars: readonly Bar[];
}

interface Bar {
  readonly label: string;
  readonly value: number;
  readonly kind: "ours" | "peer" | "floor";
}

const PALETTES = {
  light: {
    background: "#ffffff",
    text: "#1f2328",
    muted: "#59636e",
    ours: "#0969da",
    peer: "#8c959f",
    floor: "#c8d1da",
  },
  dark: {
    background: "#0d1117",
    text: "#e6edf3",
    muted: "#9198a1",
    ours: "#4493f8",
    peer: "#6e7681",
    floor: "#3d444d",
  },
} as const;

/** For the README: its readers know the packages, not our ids. */
const VERIFICATION_BARS: readonly [ContestantId, string, Bar["kind"]][] = [
  ["ours-event", "this project: verify, parse, validate", "ours"],
  ["ours-verify", "this project: verify", "ours"],
  ["octokit", "@octokit/webhooks-methods: verify", "peer"],
  ["stripe", "stripe: verify, parse", "peer"],
  ["svix", "svix: verify", "peer"],
  ["standardwebhooks", "standardwebhooks: verify, parse", "peer"],
  ["hash", "one SHA-256 of the same bytes", "floor"],
];
const ADDED_BARS: readonly [ServerId, string, Bar["kind"]][] = [
  ["ours", "this project", "ours"],
  ["svix", "svix by hand", "peer"],
  ["polar", "Polar's adapter", "peer"],
];

const WIDTH = 860;
const LABEL_WIDTH = 300;
const VALUE_WIDTH = 90;
const ROW = 26;
const BAR = 16;
const HEAD = 46;
const GAP = 18;

/** Draws verification and adapters as bars. */
export function chart(results: Results, theme: keyof typeof PALETTES): string {
  const palette = PALETTES[theme];
  const panels = [verificationPanel(results), ...adapterPanels(results)].filter(
    ({ bars }) => bars.length > 0,
  );
  let top = GAP;
  const drawn = panels.map((panel) => {
    const y = top;
    top += HEAD + panel.bars.length * ROW + GAP;
    return drawPanel(panel, y, palette);
  });
  const description = panels
    .map(({ title, unit, bars }) => {
      const values = bars.map(({ label, value }) => `${label} ${formatNumber(value)} ${unit}`);
      return `${title}: ${values.join("; ")}.`;
    })
    .join(" ");
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${top + 20}" role="img" aria-labelledby="title desc" font-family="system-ui, -apple-system, 'Segoe UI', sans-serif">
<title id="title">Cost of one webhook delivery, beside other libraries: shorter bars are better</title>
<desc id="desc">${escape(description)}</desc>
<rect width="100%" height="100%" rx="8" fill="${palette.background}"/>
${drawn.join("\n")}
<text x="20" y="${top + 4}" font-size="11" fill="${palette.muted}">Shorter is better. Medians. ${escape(machineText(results.machine))}.</text>
</svg>
`;
}

function drawPanel(
  { title, unit, longest, bars }: Panel,
  top: number,
  palette: (typeof PALETTES)["light" | "dark"],
): string {
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH - 20;
  const rows = bars.map(({ label, value, kind }, index) => {
    const y = top + HEAD + index * ROW;
    const width = Math.max(2, (Math.max(0, value) / longest) * room);
    const weight = kind === "ours" ? ' font-weight="600"' : "";
    return [
      `<text x="${LABEL_WIDTH - 10}" y="${y + 12.5}" text-anchor="end" font-size="13" fill="${palette.text}"${weight}>${escape(label)}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="3" fill="${palette[kind]}"/>`,
      `<text x="${(LABEL_WIDTH + width + 8).toFixed(1)}" y="${y + 12.5}" font-size="13" fill="${palette.text}"${weight}>${formatNumber(value)} ${unit}</text>`,
    ].join("");
  });
  return [
    `<text x="20" y="${top + 22}" font-size="15" font-weight="600" fill="${palette.text}">${escape(title)}</text>`,
    ...rows,
  ].join("\n");
}

function verificationPanel({ verification }: Results): Panel {
  const times = verification.find(
    ({ runtime, bytes, backend, wholeHeaders }) =>
      runtime === "node-24" && bytes === 400 && backend === "node:crypto" && !wholeHeaders,
  )?.times;
  const bars = VERIFICATION_BARS.flatMap(([id, label, kind]): Bar[] => {
    const samples = times?.[id];
    return samples ? [{ label, value: median(samples), kind }] : [];
  });
  return { title: "Checking one delivery of 400 B on Node 24", unit: "µs", longest: longestOf(bars), bars };
}

function adapterPanels({ adapters }: Results): Panel[] {
  const panels = adapters.map(({ framework, times }) => ({
    title: `Server CPU added to a bare ${framework.slice(0, 1).toUpperCase()}${framework.slice(1)} handler`,
    unit: "µs",
    bars: ADDED_BARS.flatMap(([id, label, kind]): Bar[] => {
      const samples = times[id];
      return samples && times.bare ? [{ label, value: median(samples) - median(times.bare), kind }] : [];
    }),
  }));
  const longest = longestOf(panels.flatMap(({ bars }) => bars));
  return panels.map((panel) => ({ ...panel, longest }));
}

function longestOf(bars: readonly Bar[]): number {
  return Math.max(...bars.map(({ value }) => value));
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

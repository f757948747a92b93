import { stripVTControlCharacters, styleText } from "node:util";

type Style = (text: string) => string;

// styleText leaves colour out where stdout is no terminal, or NO_COLOR is set.
/** Bold. */
export const bold: Style = (text) => styleText("bold", text, { stream: process.stdout });
/** Green. */
export const green: Style = (text) => styleText("green", text, { stream: process.stdout });
/** Red. */
export const red: Style = (text) => styleText("red", text, { stream: process.stdout });
/** Grey. */
export const grey: Style = (text) => styleText("gray", text, { stream: process.stdout });

/** A table of aligned columns with a line under its head. */
export function renderTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => widthOf(row[column]))));
  const renderRow = (row: readonly string[]): string =>
    `  ${row.map((cell, column) => cell + " ".repeat((widths[column] ?? 0) - widthOf(cell))).join("   ")}`.trimEnd();
  const line = widths.map((width) => "─".repeat(width));
  return [renderRow(head.map(bold)), renderRow(line), ...rows.map(renderRow)].join("\n");
}

/** Breaks a text into lines of at most 100 characters, each indented. */
export function wrap(text: string, indent: number): string {
  const lines = [""];
  for (const word of text.split(" ")) {
    const line = lines.at(-1) ?? "";
    if (line !== "" && indent + line.length + word.length >= 100) lines.push(word);
    else lines[lines.length - 1] = line === "" ? word : `${line} ${word}`;
  }
  return lines.map((line) => " ".repeat(indent) + line).join("\n");
}

function widthOf(cell = ""): number {
  return stripVTControlCharacters(cell).length;
}

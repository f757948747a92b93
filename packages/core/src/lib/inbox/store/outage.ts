/** Reports an engine that cannot be used, once for each outage, where no caller is there to hear of it. */
export class Outage {
  #reported = false;

  failed(error: unknown): void {
    if (this.#reported) return;
    this.#reported = true;
    const { message, hint = "" } = error as { message?: string; hint?: string };
    console.error(
      `[diffio-webhooks] no messages are run for the moment: ${message ?? String(error)} ${hint}`.trimEnd(),
    );
  }

  over(): void {
    this.#reported = false;
  }
}

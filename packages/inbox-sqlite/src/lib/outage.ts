/** Tells of a database that cannot be used once for each outage, where no caller is there to be told. */
export class Outage {
  #told = false;

  failed(error: unknown): void {
    if (this.#told) return;
    this.#told = true;
    const { message, hint = "" } = error as { message?: string; hint?: string };
    console.error(
      `[diffio-webhooks] no messages are run for the moment: ${message ?? String(error)} ${hint}`,
    );
  }

  over(): void {
    this.#told = false;
  }
}

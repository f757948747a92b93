/** HTTP status that the control API answers for each code. */
const STATUS = {
  invalid_option: 400,
  not_found: 404,
  endpoint_disabled: 409,
  port_in_use: 500,
  invalid_data_file: 500,
  closed: 503,
  not_reachable: 503,
  forbidden: 403,
  failed: 500,
} as const;

/** Every way in which the simulator, or its client, refuses what it is asked. */
export type SimulatorErrorCode = keyof typeof STATUS;

/** Whether there is an error of that code. */
export function isSimulatorErrorCode(code: unknown): code is SimulatorErrorCode {
  return typeof code === "string" && Object.hasOwn(STATUS, code);
}

/**
 * The error class of the simulator. Tell errors apart by `code`; messages may change. A signing secret that cannot be
 * used throws core's `WebhookError` (`invalid_secret`) instead.
 */
export class SimulatorError extends Error {
  override readonly name = "SimulatorError";
  /** What went wrong. */
  readonly code: SimulatorErrorCode;
  /** The HTTP status of the control API for it. */
  readonly status: (typeof STATUS)[SimulatorErrorCode];
  /** How to mend it. */
  readonly hint: string;

  constructor(code: SimulatorErrorCode, message: string, hint: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = STATUS[code];
    this.hint = hint;
  }
}

/** Makes the error for an option that cannot be used. */
export function invalidOption(message: string, hint: string, cause?: unknown): SimulatorError {
  return new SimulatorError("invalid_option", message, hint, cause);
}

/** Makes the error for an id that names nothing. */
export function notFound(what: string, id: unknown, hint: string): SimulatorError {
  return new SimulatorError("not_found", `There is no ${what} ${JSON.stringify(id)}.`, hint);
}

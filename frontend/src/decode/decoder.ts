/** Checks what arrives against the contract's tables before anything else sees it; never repairs and never renders. */
import { TABLES } from "../contracts/tables";
import type * as types from "../contracts/types";

/** Fills absent optional fields of an object in place; answers null when the value fits, else where it does not. */
type Check = (value: unknown) => string | null;

/** A message that does not fit the contract. `where` is a path such as `cells[3][7]`; the value is never quoted. */
export class Rejected extends Error {
  constructor(
    readonly model: string,
    readonly where: string,
  ) {
    super(`${model}${where} does not fit the contract`);
  }
}

export interface Models {
  AnomalyPage: types.AnomalyPage;
  CalendarAnswer: types.CalendarAnswer;
  ClockAnswer: types.ClockAnswer;
  DurableEvent: types.DurableEvent;
  ErrorAnswer: types.ErrorAnswer;
  EventPage: types.EventPage;
  Frame: types.Frame;
  HistoryAnswer: types.HistoryAnswer;
  ScoresAnswer: types.ScoresAnswer;
  SettingsAnswer: types.SettingsAnswer;
  SimulationScore: types.SimulationScore;
  SmileAnswer: types.SmileAnswer;
  Snapshot: types.Snapshot;
  Stream: types.Stream;
  TokenAnswer: types.TokenAnswer;
}

const HERE = "";
const compiled = new Map<string, Check>();

/** The value as the named model, or `Rejected`. */
export function decode<Name extends keyof Models>(name: Name, value: unknown): Models[Name] {
  const where = named(name)(value);
  if (where !== null) throw new Rejected(name, where);
  return value as Models[Name];
}

function named(name: string): Check {
  const known = compiled.get(name);
  if (known) return known;
  const table = TABLES[name];
  if (!table) throw new Error(`no table named ${name}; run make schema`);
  let check: Check | null = null;
  const lazy: Check = (value) => (check ??= compile(table as unknown[]))(value);
  compiled.set(name, lazy);
  return lazy;
}

function compile(table: readonly unknown[]): Check {
  const [kind, ...rest] = table;
  switch (kind) {
    case "r":
      return named(rest[0] as string);
    case "?":
      return nullable(compile(rest[0] as unknown[]));
    case "n":
    case "i":
    case "n>":
    case "i>":
      return number(kind, rest[0] as number, rest[1] as number);
    case "s":
      return text(rest[0] as number, rest[1] as string | undefined);
    case "t":
      return instant;
    case "b":
      return (value) => (typeof value === "boolean" ? null : HERE);
    case "0":
      return (value) => (value === null ? null : HERE);
    case "e":
      return oneOf(new Set(rest));
    case "[":
      return list(compile(rest[0] as unknown[]), rest[1] as number, rest[2] as number);
    case "(":
      return tuple(rest.map((item) => compile(item as unknown[])));
    case "{":
      return object(rest[0] as Record<string, unknown[]>, rest[1] as Record<string, [unknown[], unknown]>);
    case "m":
      return record(compile(rest[0] as unknown[]));
    case "|":
      return any(rest.map((item) => compile(item as unknown[])));
    case "u":
      return union(rest[0] as string, rest[1] as Record<string, string>);
    default:
      throw new Error(`unknown table kind ${String(kind)}`);
  }
}

const nullable =
  (check: Check): Check =>
  (value) =>
    value === null ? null : check(value);

function number(kind: string, low: number, high: number): Check {
  const whole = kind.startsWith("i");
  const open = kind.endsWith(">");
  return (value) =>
    typeof value === "number" && (open ? value > low : value >= low) && value <= high && (!whole || Number.isInteger(value))
      ? null
      : HERE;
}

function text(most: number, pattern?: string): Check {
  const form = pattern === undefined ? null : new RegExp(pattern, "u");
  return (value) => (typeof value === "string" && value.length <= most && (!form || form.test(value)) ? null : HERE);
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;
const instant: Check = (value) =>
  typeof value === "string" && INSTANT.test(value) && !Number.isNaN(Date.parse(value)) ? null : HERE;

const oneOf =
  (values: ReadonlySet<unknown>): Check =>
  (value) =>
    values.has(value) ? null : HERE;

function list(check: Check, least: number, most: number): Check {
  return (value) => {
    if (!Array.isArray(value) || value.length < least || value.length > most) return HERE;
    for (let index = 0; index < value.length; index++) {
      const where = check(value[index]);
      if (where !== null) return `[${index}]${where}`;
    }
    return null;
  };
}

function tuple(checks: readonly Check[]): Check {
  return (value) => {
    if (!Array.isArray(value) || value.length !== checks.length) return HERE;
    for (let index = 0; index < checks.length; index++) {
      const where = checks[index]!(value[index]);
      if (where !== null) return `[${index}]${where}`;
    }
    return null;
  };
}

const plain = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function object(required: Record<string, unknown[]>, optional: Record<string, [unknown[], unknown]>): Check {
  const needed = Object.entries(required).map(([key, table]) => [key, compile(table)] as const);
  const spare = Object.entries(optional).map(([key, [table, fallback]]) => [key, compile(table), fallback] as const);
  return (value) => {
    if (!plain(value)) return HERE;
    for (const [key, check] of needed) {
      const where = check(value[key]);
      if (where !== null) return `.${key}${where}`;
    }
    for (const [key, check, fallback] of spare) {
      if (value[key] === undefined) value[key] = fallback;
      else {
        const where = check(value[key]);
        if (where !== null) return `.${key}${where}`;
      }
    }
    return null;
  };
}

function record(check: Check): Check {
  return (value) => {
    if (!plain(value)) return HERE;
    for (const item of Object.values(value)) if (check(item) !== null) return HERE;
    return null;
  };
}

const any =
  (checks: readonly Check[]): Check =>
  (value) =>
    checks.some((check) => check(value) === null) ? null : HERE;

function union(tag: string, models: Record<string, string>): Check {
  const byTag = new Map(Object.entries(models).map(([value, name]) => [value, named(name)]));
  return (value) => {
    const check = plain(value) ? byTag.get(value[tag] as string) : undefined;
    return check ? check(value) : `.${tag}`;
  };
}

/** The columns of the chain and how each cell reads; the order puts bid and ask next to the strike. */
import { COLUMN } from "../contracts/tables";
import { compact, MISSING, percent, price, signed } from "../format";
import type { Key } from "../i18n/language";
import type { Cell } from "../state/board";

export interface Column {
  readonly name: string;
  readonly head: Key;
  readonly help: Key;
  readonly index: number;
  readonly text: (value: number | null) => string;
}

const column = (name: string, index: number, text: (value: number | null) => string): Column => ({
  name,
  head: `chain.${name}` as Key,
  help: `chain.${name}.help` as Key,
  index,
  text,
});

/** From the strike outwards, as the puts read; the calls mirror it. */
export const COLUMNS: readonly Column[] = [
  column("bid", COLUMN.bid, price),
  column("ask", COLUMN.ask, price),
  column("bid_size", COLUMN.bid_size, compact),
  column("ask_size", COLUMN.ask_size, compact),
  column("last", COLUMN.last, price),
  column("iv", COLUMN.iv, (value) => percent(value, 1)),
  column("fair", COLUMN.fair, price),
  column("deviation", COLUMN.deviation, (value) => signed(value, 3)),
  column("delta", COLUMN.delta, (value) => signed(value, 2)),
  column("volume", COLUMN.volume, compact),
  column("open_interest", COLUMN.open_interest, compact),
];

export const read = (cell: Cell | undefined, column: Column): string =>
  cell ? column.text(cell[column.index] as number | null) : MISSING;

import { z } from 'zod';
import { InvalidInputError } from '../../../core/errors/index.js';

/** As much of a declaration as reading needs: whatever else it says, and whatever it will say some day, is not looked at. */
const declaration = z.object({
  items: z.array(z.object({ kind: z.string().default('item'), fields: z.record(z.string(), z.unknown()) })),
});

/**
 * Names of the fields that a source declares, in the order in which they are stored; of one kind, where the declaration has it, or else of all.
 * `undefined` when the source is not declared, so that nobody knows.
 */
export function declaredFields(
  { extraction }: { readonly extraction: object | null },
  kind?: string,
): string[] | undefined {
  const parsed = declaration.safeParse(extraction);
  if (!parsed.success) return undefined;
  const { items } = parsed.data;
  const ofKind = items.filter((item) => item.kind === kind);
  return [...new Set((ofKind.length > 0 ? ofKind : items).flatMap(({ fields }) => Object.keys(fields)))];
}

/** @throws InvalidInputError for conditions on fields that the source does not declare: they could only be mistyped. */
export function assertDeclared(
  source: { readonly extraction: object | null },
  { kind, where }: { kind?: string | undefined; where: readonly { field: string }[] },
): void {
  if (where.length === 0) return;
  const fields = declaredFields(source, kind);
  const unknown = fields && where.find(({ field }) => !fields.includes(field));
  if (!unknown) return;
  const known = fields.join(', ');
  const expected = known.length > 500 ? `${known.slice(0, 500)}…` : known;
  throw new InvalidInputError([
    {
      field: 'where',
      message: `expected a field that the source declares (${expected}), got "${unknown.field}"`,
    },
  ]);
}

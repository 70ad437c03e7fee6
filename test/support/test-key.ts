import { createHash } from 'node:crypto';

type Role = 'viewer' | 'operator' | 'admin';

/** Keys that every database of a test knows; each of them is as long and as odd as a real one, and opens nothing else. */
const TEST_KEYS: Readonly<Record<Role, string>> = {
  viewer: 'glnr_testviewer00_0000000000000000000000000000000000000viewer',
  operator: 'glnr_testoperat00_00000000000000000000000000000000000operator',
  admin: 'glnr_testadmin000_00000000000000000000000000000000000000admin',
};

export function testKey(role: Role = 'operator'): string {
  return TEST_KEYS[role];
}

/** The header of a client that has a key; an operator may start runs. */
export function bearer(role: Role = 'operator'): { authorization: string } {
  return { authorization: `Bearer ${testKey(role)}` };
}

/** Makes a database know the keys of tests. */
export function insertTestKeys(): string {
  const rows = Object.entries(TEST_KEYS).map(([role, key]) => {
    const hash = createHash('sha256').update(key).digest('hex');
    return `('${key.split('_')[1]}', 'tests ${role}', '${role}', '\\x${hash}')`;
  });
  return `INSERT INTO api_key (id, name, role, hash) VALUES ${rows.join(', ')}`;
}

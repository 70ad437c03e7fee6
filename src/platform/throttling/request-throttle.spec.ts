import { describe, expect, it } from 'vitest';
import { trackerOf } from './request-throttle.js';

describe('who is counted', () => {
  it('is the key, if there is one', () => {
    const principal = { keyId: 'abc', name: 'me', role: 'viewer' as const };
    expect(trackerOf({ principal, ip: '192.0.2.1' })).toBe('k:abc');
  });

  it('is the address, or of IPv6 its /64', () => {
    expect(trackerOf({ ip: '192.0.2.1' })).toBe('a:192.0.2.1');
    expect(trackerOf({ ip: '2001:db8:1:2:3:4:5:6' })).toBe('a:2001:db8:1:2::/64');
  });

  it('is nobody in particular once the connection is closed', () => {
    expect(trackerOf({})).toBe('a:gone');
  });
});

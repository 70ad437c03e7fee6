/**
 * Addresses that no page is fetched from, unless the operator has listed them: whatever is not the public internet
 * (IANA's special-purpose address registries, RFC 6890), and what clouds put metadata at.
 *
 * Of IPv6 only 2000::/3 is given out at all, so everything else is refused as a whole: loopback and IPv4-compatible
 * addresses in ::/96, NAT64 (64:ff9b::/96), unique local (fc00::/7, there fd00:ec2::254 with the metadata of AWS),
 * link-local (fe80::/10), multicast (ff00::/8). IPv4-mapped addresses count as the IPv4 that they are.
 */
export const REFUSED_NETWORKS: readonly string[] = [
  '0.0.0.0/8', // this network; Linux takes it for loopback
  '10.0.0.0/8', // private
  '100.64.0.0/10', // shared by the customers of a provider (CGNAT); metadata of Alibaba
  '127.0.0.0/8', // loopback
  '168.63.129.16', // Azure's wire server: a public address that is answered by the machine's own host
  '169.254.0.0/16', // link-local; metadata of nearly every cloud
  '172.16.0.0/12', // private
  '192.0.0.0/24', // protocol assignments; metadata of Oracle
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // relays of 6to4
  '192.168.0.0/16', // private
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24', // documentation
  '203.0.113.0/24', // documentation
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
  '::/3',
  '2001::/23', // protocol assignments, among them Teredo, which has an IPv4 address inside
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4, which has an IPv4 address inside
  '3fff::/20', // documentation
  '4000::/2',
  '8000::/1',
];

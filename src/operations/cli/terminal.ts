/** Where a command writes: results to `out`, what is only for people to `note`. */
export interface Terminal {
  out: (text: string) => void;
  note: (text: string) => void;
}

import { parseYaml } from './parse-yaml.js';

/** RFC 9512. */
export const YAML_MEDIA_TYPE = 'application/yaml';

/** YAML takes about ten times as long to read as JSON, so less of it is taken. */
export const YAML_BODY_LIMIT_BYTES = 262_144;

/** A body that nobody has read yet: that waits until it is known that its sender may do what the route does. */
export class YamlBody {
  constructor(private readonly text: string) {}

  /** @throws MalformedYamlError */
  read(): unknown {
    return parseYaml(this.text);
  }
}

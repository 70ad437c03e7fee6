export { parseYaml } from './parse-yaml.js';
export { YAML_BODY_LIMIT_BYTES, YAML_MEDIA_TYPE, YamlBody } from './yaml-body.js';
export { printYaml } from './print-yaml.js';

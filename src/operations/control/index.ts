export { ControlHttpModule } from './control.http.module.js';

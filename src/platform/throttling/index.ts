export { ThrottledAs } from './throttled-as.js';
export { ThrottlingHooks } from './throttling.hooks.js';
export { ThrottlingHttpModule } from './throttling.http.module.js';

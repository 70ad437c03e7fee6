export { ThrottlingHttpModule } from './throttling.http.module.js';

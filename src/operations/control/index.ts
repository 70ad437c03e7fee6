export { BULL_BOARD_PATH, BullBoard } from './bull-board/bull-board.js';
export { ControlHttpModule } from './control.http.module.js';

import * as Comlink from 'comlink';
import { Session } from './session.ts';

/** The worker, as the page sees it. */
export type TrainingWorker = Session;
Comlink.expose(new Session());

import { behavesLikeAPlatform } from '../behaviour.ts';
import { processDriver } from './driver.ts';

behavesLikeAPlatform(processDriver);

import { behavesLikeAPlatform } from '../behaviour.ts';
import { staticDriver } from './driver.ts';

behavesLikeAPlatform(staticDriver);

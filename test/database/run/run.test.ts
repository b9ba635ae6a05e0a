// Phases of migrations on real servers. One process, so that each server is started once for all of it.
import './order.tests.ts';
import './waiting.tests.ts';
import './backfill.tests.ts';
import './found.tests.ts';
import './tools.tests.ts';
import './kill.tests.ts';
import './silent.tests.ts';

/**
 * Labels, which AssemblyScript does not have. A jump to a label out of inner loops becomes a flag
 * and a `break` out of each of them:
 *
 *     outer: for (…) {                        let outer~continue = false;
 *       for (…) {                             for (…) {
 *         if (…) continue outer;        →       for (…) {
 *       }                                         if (…) { outer~continue = true; break; }
 *     }                                         }
 *                                               if (outer~continue) {
 *                                                 outer~continue = false;
 *                                                 continue;
 *                                               }
 *                                             }
 */
import type {
  BlockStatement,
  BreakStatement,
  Expression,
  ForStatement,
  IdentifierExpression,
  IfStatement,
  Range,
  Statement,
  SwitchStatement,
} from "assemblyscript";
import { CommonFlags, isKind, type NodeFactory, NodeKind, Token } from "./internals.js";

/** What stands between the labelled statement and a jump to it. */
interface Between {
  /** A loop or a switch: `break` would leave that. */
  readonly breakable: boolean;
  /** A loop: `continue` would go on with that. */
  readonly loop: boolean;
}

const nothing: Between = { breakable: false, loop: false };
const aSwitch: Between = { breakable: true, loop: false };
const aLoop: Between = { breakable: true, loop: true };

const loops = [NodeKind.For, NodeKind.ForOf, NodeKind.While, NodeKind.Do];

function isLoop(statement: Statement): boolean {
  return loops.some((kind) => isKind(statement, kind));
}

/** Rewrites the statement behind the label. Null if it is neither a loop nor a `switch`. */
export function resolveLabel(
  label: IdentifierExpression,
  statement: Statement,
  node: NodeFactory,
): Statement | null {
  if (!isLoop(statement) && !isKind(statement, NodeKind.Switch)) return null;
  const rewriter = new Rewriter(label, node);
  rewriter.children(statement, nothing);
  const flags = rewriter.declarations();
  if (!flags.length) return statement;
  return node.createBlockStatement([...flags, statement], statement.range);
}

class Rewriter {
  private breaks = 0;
  private continues = 0;
  private readonly text: string;
  private readonly at: Range;

  constructor(
    label: IdentifierExpression,
    private readonly node: NodeFactory,
  ) {
    this.text = label.text;
    this.at = label.range;
  }

  /** The flags that the jumps need. */
  declarations(): Statement[] {
    const names: string[] = [];
    if (this.breaks) names.push("break");
    if (this.continues) names.push("continue");
    const { node, at } = this;
    return names.map((name) => {
      const initial = node.createFalseExpression(at);
      const declaration = node.createVariableDeclaration(
        node.createIdentifierExpression(`${this.text}~${name}`, at),
        null,
        CommonFlags.Let as number,
        null,
        initial,
        at,
      );
      return node.createVariableStatement(null, [declaration], at);
    });
  }

  /** Rewrites what is directly in `statement`. */
  children(statement: Statement, between: Between): void {
    if (isLoop(statement)) {
      const loop = statement as ForStatement;
      loop.body = this.rewrite(loop.body, between);
    } else if (isKind(statement, NodeKind.Switch)) {
      for (const { statements } of (statement as SwitchStatement).cases) {
        this.rewriteAll(statements, between);
      }
    } else if (isKind(statement, NodeKind.Block)) {
      this.rewriteAll((statement as BlockStatement).statements, between);
    } else if (isKind(statement, NodeKind.If)) {
      const choice = statement as IfStatement;
      choice.ifTrue = this.rewrite(choice.ifTrue, between);
      if (choice.ifFalse) choice.ifFalse = this.rewrite(choice.ifFalse, between);
    }
  }

  private rewriteAll(statements: Statement[], between: Between): void {
    for (const [index, statement] of statements.entries()) {
      statements[index] = this.rewrite(statement, between);
    }
  }

  private rewrite(statement: Statement, between: Between): Statement {
    if (isKind(statement, NodeKind.Break) || isKind(statement, NodeKind.Continue)) {
      return this.jump(statement as BreakStatement, between);
    }
    const inLoop = isLoop(statement);
    if (!inLoop && !isKind(statement, NodeKind.Switch)) {
      this.children(statement, between);
      return statement;
    }
    const { breaks, continues } = this;
    this.children(statement, inLoop || between.loop ? aLoop : aSwitch);
    const checks: Statement[] = [];
    if (this.breaks > breaks) checks.push(this.check("break", between));
    if (this.continues > continues) checks.push(this.check("continue", between));
    if (!checks.length) return statement;
    return this.node.createBlockStatement([statement, ...checks], statement.range);
  }

  private jump(statement: BreakStatement, between: Between): Statement {
    if (statement.label?.text !== this.text) return statement;
    const { node } = this;
    const isBreak = isKind(statement, NodeKind.Break);
    if (!(isBreak ? between.breakable : between.loop)) {
      statement.label = null;
      return statement;
    }
    if (isBreak) this.breaks++;
    else this.continues++;
    const { range } = statement;
    const name = isBreak ? "break" : "continue";
    const raise = this.assign(name, node.createTrueExpression(range), range);
    return node.createBlockStatement([raise, node.createBreakStatement(null, range)], range);
  }

  /** After an inner loop or switch: goes on with the jump that left it. */
  private check(name: "break" | "continue", between: Between): Statement {
    const { node, at } = this;
    const flag = node.createIdentifierExpression(`${this.text}~${name}`, at);
    const leave = node.createBreakStatement(null, at);
    if (name === "break" || between.loop) return node.createIfStatement(flag, leave, null, at);
    const lower = this.assign(name, node.createFalseExpression(at), at);
    const next = node.createContinueStatement(null, at);
    return node.createIfStatement(flag, node.createBlockStatement([lower, next], at), null, at);
  }

  private assign(name: string, value: Expression, at: Range): Statement {
    const { node } = this;
    const flag = node.createIdentifierExpression(`${this.text}~${name}`, at);
    const assignment = node.createBinaryExpression(Token.Equals as number, flag, value, at);
    return node.createExpressionStatement(assignment);
  }
}

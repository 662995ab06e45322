"""Files as Keras has written them, versions 3.15 and 2.21, and with an optimizer as of 2.10: small, packed, in text.

Each is of a graph of 3 features: Normalization, Dense, a nested Sequential with BatchNormalization, Add, Dense; trained
for two epochs of two batches. `PREDICTED` is what Keras predicted for `X` when it wrote them, and two epochs later.
"""

from __future__ import annotations

import base64
import zlib

import numpy as np

X = np.sin(np.arange(24.0) * 1.7).reshape(8, 3).astype("float32")
Y = np.cos(np.arange(8.0)).reshape(8, 1).astype("float32")
FIT = {"epochs": 2, "batch_size": 4, "shuffle": False, "verbose": 0}


def written(name):
    """The bytes of a file."""
    return zlib.decompress(base64.b85decode("".join(_PACKED[name].split())))


PREDICTED = {
    "keras_3.keras": (
        [0.5703474, -0.1204582, -0.4836857, -0.4581951, 0.3287097, 0.4912999, 0.199096, -0.3892362],
        [0.5787763, -0.0779872, -0.4588034, -0.4638689, 0.3046798, 0.484541, 0.2342237, -0.3525363],
    ),
    "keras_3.h5": (
        [0.5703474, -0.1204582, -0.4836857, -0.4581951, 0.3287097, 0.4912999, 0.199096, -0.3892362],
        [0.5787763, -0.0779872, -0.4588034, -0.4638689, 0.3046798, 0.484541, 0.2342237, -0.3525363],
    ),
    "keras_2.keras": (
        [0.2113786, 1.7924488, 1.09298, -1.4939213, -2.1796732, -1.2318525, 1.5062778, 1.7811993],
        [0.2341823, 1.7614632, 1.0633781, -1.4786315, -2.1361918, -1.1920024, 1.4866428, 1.7468874],
    ),
    "keras_2.h5": (
        [0.2113786, 1.7924488, 1.09298, -1.4939213, -2.1796732, -1.2318525, 1.5062778, 1.7811993],
        [0.2341823, 1.7614632, 1.0633781, -1.4786315, -2.1361918, -1.1920024, 1.4866428, 1.7468874],
    ),
    "keras_2_10.h5": (
        [0.2113789, 1.7924485, 1.0929797, -1.4939212, -2.179673, -1.2318523, 1.5062776, 1.7811991],
        [0.2341826, 1.7614627, 1.0633776, -1.4786313, -2.1361914, -1.1920019, 1.4866426, 1.746887],
    ),
}

_PACKED = {
    "keras_3.keras": """
c-rk;3vd<H8Qz-*gz%UsX?chmG9X}+JNM>&b3+m#;bEc#hz<&2+1$IyUD&&O-Q61!lK>&8C^VwAN*%^YpIS?&*jl9p5~$R6Mx4Rc={O@Q9UWzAwCdp0PHF
9)-E;2U-MjaZ*L|4t51GR``=8f;{`3Fe`S;vyYDmw>B~)5W%sV>#a;^M7@Hboj^U@OKrX<R`Q{=hs{9Uv_iDU;Yhz!r=SLWpxTkWM*dwxM)zRX3FBGo~=L
3xp_sI1U#FDxpmwUtzs+AHnl`MpiLt}fJFS#$0Nf&hOr<q{XqwK46mBQNjvvovT)>C!3+E~{Kdv!b=l&$%SIdx{0!x>!mSNsjU=%xm<|losXk?tH`$tV}A
SmIR97s8*#bN$}Hh5leN+^ON&iLx%yMh4j0g^ZBJl@X*k2D<!!+r0Ai1fNv}3XW4?h;uat;smrGhiRCG&xCm4feUu=A!ZwN(!B_;Uy<HI~DnK1FphJ>HJ@
P&{YslFP>eB6uDA5A#M#EHl57!36weo&WW|qaQOut2LC3X?q$qQbJW$vfINWw^;GxC^-AIT-8=g=<enq}4|o@HEJ;g%c9HoQE*6RML@CR}K5QRE=&x1^D|
m!`O&^g1Ykp*WYeeppGj`We<uYR09CJfIF0Ko@#7OA;cWkVWavr-XL+KfN?aQr(>r&567~k_M5)s)K4H9(h8%&;|GndSa9Rwe<Fa>brKsv2@G%Q7KEEJVr
Xqnz_-l#488bk{${a@~t~*mqapPFWO6NMHLQ*qry>CTvA>Hs{1)c0)i+8+9Vs84s`+LP9%!+fd2g=O|~+W7@UhdZjNS2My|?$HJ7DpGBK;>xydZovb?}cc
X3RctU1ONrxnuyC!($*)v2fvEaUx>p)m4B0TUSKfbXRRUepgXa-UF4GJ~I$x1QQ7+FxKircYokxf4-QBgs(7?7@A0ij&~p3vSwRZ*sKXwEH}u<H@kUjYel
QJ3MrOH`Dj|X%1*Wm~AKO7*c4Hry4L&5l-yTU{n@-6&QakK3|<^5_<la*B!!xLOZ|$yjRv;zgN!NtPY1<Li<F9RcyV@YO?_zm&~EqA~-M6MQNwmDnsgc8_
{;k>m6^W8#sDYeR}y0hHEDQdW!dSVb=(%#d+e&0-Jgzbs5ZE8K`9DmDD<BPsA?H<q>#JZb)kh1R89%kOI=hGCrRymS6+$fkCGy#@S6Q91MF{OFclyG8|0_
7!qPgSPVgy${hhUP6+gL@m?Rp(xhI<=AbMYP$`1Qrf4+ZONqPCN{sUCd7IlEX8%*_lT<M?<5CUHf&~7nJEA~gL{No<=>k~oIQ6XC7f2N+Irc#orKq#BV`q
n*UF`7>RnL>b*QmBGY}})zKzFVd!$n1d8l~Y2PE~E+RFsAn7g0otmL$}rE2n*LSk(k?QCcb2E}C;&<;lA|)&Re#7Lb&i@|yWf${W^cs*hNCqjTWYB~TKLP
Qx~pO3F(d<t3$dfQEO|OuI)S-L#A93MvseoWNrXI`^=AE5(wb4?sx=#ricW2#gEur8H+AIY*kD)#XyYgBErRj6{=df@0iVnqjcKJZa^;PPWOGjMtvs1j^0
G?U9tr<@d@vPT3~%GWtZrDbB8Th_Xene|@mPP8ZtBfxYyKpykNX8CCwhaDbpdIaQ1Djs;w_An=NjRfew$STiUuEeVWE)kZHx=eGn_L9QEohz^B*j-;t}T4
1|0@>J$Y`e=cqJ8736+IL{^cQO(Q6)`Xg&6_^YEgdZbhuBrQ0|Wv7a==SP@FLF&$7%JHKD@4O&Ft)j*-C}1EFweU3ewk*Kz(f<J>LOS3rr8f^tm)tZc(1i
hvnD7_Kkeao9gQU_tyqO{anse(<}nhRHSwFw>5!u3(PNv>7Uc|d>xb^f>iYa1Q9T@20gXK*sq01*XeH#)ZgXP_4=>sFA-LMF=74H>Mycm2Q!WOrc%=c^}G
4b4Rt_=kySr9Pv6f8n7_C{O_83@U#RD6=G0X3>Bpa!uIF0^^PbFa*7_m8Wt`tE<+=`-e<qPDO9h|?kY8Z2C^d2dvdPlPX%<+E=|S18UA>{vLcj_JK0w;bG
a!%5-b|QkAhD8%!&EL30n)t$lJgm`94(Uql{NWnm<A8wYJM6lp9@oyS4>JdoLV4-q2z$xpz+D@UrA?}@)rfhkrCjhyxMiSI0xGnOqeiX!h{JECQO(xVZxL
;6fRC~jL$@ilV{zirZz0nDM={Kcmn289C3t3dS)Ka?%Ap4cSO-gV;nG={`z1X@yMds^fzZQ)MLDqQ(Aww1oTs-6N~hG=siy$?mW(Z)j0Vy7|kV!jBQA-RV
sk_#_ei~-akoJJ>M~yKW)>GtH7n_YleA=*6aH^L)_iCf6)FqnXl)&4D-ZNz5Oq7==rw6e2;Uo{Fu3Y*^;lfFZg{KrqS2|v_DSf8TC!?=ZFch1C~I4O*iTL
>4f>Cd3cQ?5%T{=d5!gb8F<fy-j}6Cz#B$87!7Y!EXQ~Q+nG?jk+*bm@kTg5xo?G;pA4_R*KXD00!&j|f00|dyiCuB@Sq*0MF#&_F-||(xm4fYAk3d#hSw
+-KWUWLSpDQ|jh{@1^(`6(3$zp#izUFLPv<MF*X7*|?_A^&^RkF}d*Sm;xj*ncEiKKW_O7;<Zu#t1G;%#1Oe%R-XWusT%$2#-UyLlQMt7r-4qsjoxi0bzb
p?_6kS*R(I5l)Qemd4%m<l@PuK1*S^}v_aPqbgH4wa35zk-{2;Qu*UL_ijiW#EGmh73cmgDIph=GfgBJBfyUt`=kLj<HWDcE4mx40f+79UXSRSf(F0rm3y
JNS}@sN5<|*k839=##Lh1x4RAIdy4TI#e&_9@)|34&(vV|3{zaC2CFP-;c(SN;jH7(GA%L8xHF;h&UD;ZJ>$~i;dhFLhj#v<VfdqNarpc*-x*%9OdOtm;)
Ci<Pfn{*bvrGf+s8^{!}Rkjus$aS(=T_V0;Vtga<6mm=lf4N&h9@I4!;`Ttwr<yFIHpxiv7Qd|96_>SM;04@%sO8`1M+i8Ggm@Xfeg6zsQblt2XMJN)!8z
HZ9=0x7F(VIRNuNS*0J>Ri~bBQI(ojRZngFYLvrR@oTmQzh*{=^BC7BnxDK>PiP`zn5Md&L3gjtuhR2{`z<Q^ZR_ZN`){tlb*t69yFNDk{a`)Dd02l#<CF
*L&2iqu-f0Y;g%_>X`#+-|Bl}vnQP0Q1{Nc@0^(<_TmkS!q@N#%N@LVJIW7rOa`mw|7^?c#(Y7`srv~5&&AQ<mmvR2<tBh0hw@fyW~myPloD_)+f!OPQ#c
*fk0HKLL0DY;^9zvK7S)a2}|x$VupFs_>s(BZ=kk?SHK``I0l`H)SYwIMPevf0a<Qd@`Pr(?v1RM0W@{k~JevwhA}r$JmdUb0!#lnSzW=Z$@*-o2x*GWYt
GmGP5J#l}>S4MB9*<UHM7^Y?e}uL*ZfG~(uH`0)JQ_?(FGVdy#W_~ywyCx$!U%-S-#^UdHr`f+2L+WL$1iM>1W`DUW;vt%^u+bw|k#=G$v#d5we%4@9Wo9
UYK&2%D>_gQ+NWlFC5EX#-LhyU0A+UaF9Rr8OH(op4#|E{imyK(qGGygR7!j7fGZ+<d=*ciiOx5RetxpFVo=fs?QzS^1!`1Qw^`<(9A`%eA*QeW8nEXLow
NAv#&D2!jR{}08l?DoXq*9)y?_!Zx0!4#YRB0E+<8TC!2$@=EN`R)3CMqqvxh1Vz+{A!ffSn+GR2ES$z5x$9J_?AmFKUu<HKZ)&3sGod-o?JhP$oQ>z<Bb
_~U&i?Dcl51x^euNZt{sykr)c}=t6ezWg!fTsyy=oBzVW8d7U<hO)~2SXJ$Q{`@z+LqO+>tD#wg-V7Q@-!GVU0_$S(63Kw{%fFD>h?+2mX?^kM6VL&mt$r
Jb?Gm1@0MZ$}eXvP_sxHNh`$W+Zi7NqVo(8O?7W7cu_De%l29`Vtc-x+<B)iPFRBuct%LfAC=f?qvA9Z(`#En37X}(KnWl!t~_6$?eyOJ4bwa-;#SDj4z0
Ijbg!_MtO}DcV=jCXSOLO81FZK+#Tk=e=sHFoe|L8;Qh^Je{6X3#O}y^$cJ3$kIWZ{Q9STX!<$(XgfGu_n(Nrnq?QMNeSc-*?iIY*rE(<Ky@J0T|K7?5Pv
z;t?7}m)kDOI^Hk@=WS@UGovVo`0{NSydt3JMN-pa(uEUP;iWj60$RSwZ}x=dX0d`0Oy-!Fgs>Flz#^-q=m*R|TQ?Xmu{+B^1C#P1G4RgZc6Ai2(ZU#z)!
=9#zYs)ajNuZ*8;w)CcgY>rQR)iIKPxy<^<AH`8`q&=x1o8~uqhJN<O#ZxbkgK@l9eq?Vd$j0+!t#ig(eP#ZGIVJIv&GCJyAe(1@@2NhrEbH{f*M3`x%A)
;Nt^}s&Gf?ouRzx{W(Py6=s2$j#9X4o(4ccLYcG#dDHfV<p+ROE4vH7NFw`qaj{1tRZo-3Nyx}L~<X#DQp$b7Xh-M1&o*%qe9_D1GIv5gb^6ODf-Yfqf*P
lY}4J~2|+zj<+4@$Cb}iNkc44kRO{TT*aO^&^9G&oG^@o_Xxtf}xo|y;${l_u-Yz=WZB!W&2;NN;V865C`Wxn2a*}ykU-Wcu#-DmPbEv418<0a}&M4qWjR
tj$ge#$GPHKf5lDAr;hmT!McZ1VGlmqvUcd7f0@2Ar{<+N;@}+zQ$aSL*8j5dSkdB&h6_g=iF+U0^RT(B61&&lKKkCu!I$4Vb92X|@LTj*1iCU%@?hk;=v
7J6Ly`H=4B04Z0RbR!@sY@UsF{&Nk@=3G|9m$xAHqrJqbx-pOuy<HEk1~sj$J;Kj5;>*i}uR;)^ArnFy|F#{N7bxJ8T|HOfK8>!)vz>#ZM+V1F0aBt%JX*
Y-+Hi<)-JtlEuWlqr)%P!ZXBdt<6wo=%ppfO-Yn>r^s{0su$|6tT}fBL4d!Rx~kxYjEm>mnD&s0o?ALv1`e^Sa%G8uzZ_k~yB5iP@@|^7?xvY`k0e?>rA-
Z))6~^TCw?ubPdyKE{|Bmex*Y
""",
    "keras_3.h5": """
c-rk94R93Ic`raXA>e@uF`|TsCeaY`N66)$hCmdAfY_oKH=DanZe{Ps-Mx?yk%ZJXT8sFfIvpo%r<JyLic@RT29j8<Wk#Ket<zz~KRR~Qsc6-yQ#!S^`*z
>E-S=*H?~)whj_ezl%lF>5-+S+S-}k-m`}XbbeN7uTEn1MZfC9zoq~=mCN?*Q$<=7w&qxM$#>wv!l@b_pMs!vziGGV<7($Aiw!p-o)T{{~a0rpo!i3}u9{
mG>4G8;=%<A!GNyBoqq@b_dIj^_`0S)Sg<aveTNl;L1V;{4oxR?yYy<uxxxze}LJl5(9vH9<OysY@v*wU-qbk?v##kqZXo`pX>-<w{qiFDKS-x>lvsWl;6
-Z>K`9jq&Vd1KyZ)=IQ99VdGk)&{6r}2?pA^4oVppWl3-JQjOjmjGjxOCkYG}-~t_pWGs5_G>zU|3wuyBAFd}ApFJ2ZfcC>yjah9EjzQQ5e+OHTPB}0+Lw
f9@q5WX2@jh*X^2y@;B6)4fS7FqD26YtD%aHXXlj50f+2#ZoKdV|CQ$2AwG<%@?U8vJ*usJW%!50yF?}RuAo(FXo!GPv`9Xww*pUn;1w<;sZrlReWTuKXz
*A*74wk2Y3<RS$Hj}P^O?1o%=ay&dEiptD$DzkGog##W*Hi-<MQ;?mb8V$L=CkG+4M-b>@fT9=}ri}-Uk`QL)DutJ#4DTVS-w+6erLCZupx(wv9v?0Gm=M
6*6A1HsL3U}2jO3NNLu$u-kdaDDz=dLn5kyeg&hR4WQD8bcSg)=Eb;yAZX&&_mb{A!C5c7aJDi>%Ah67$YARA<5E-f-LIiGDo!O!sAeg=>=VOW5~G2j@QW
KWK4|HDd4j<Q23G_fu>?vhcPgFNTyHd`UcC@?vJ?chX-6<9AK09XrJm@ZD4)|%oLWw!EGDCrpJXPE%RmZ45Y;Fy3%f4%ASq8Qhc!w4OQ;y}~tHY~9LF(}Y
9F`;<HK_%joCmIyG0Y0&oMe@Iv0|&t6d-uVy^vJNmf^L*Y!kX~ai`tT70mA`K0y8NEiz%yQr@8|2^%4{C0n%ZSrQ0}0)P^Y!DImKSvPU3sV9{ju7>v14*K
RO@&3sS@O1A{Kc6sT^C1VvegkqyE1Jk9*0jvv#C8E-LnqUIc9Pn+d5ESu&TK5UrBqM}*S@P9h;rNyD7`DKx<W59ILL}lMqlUY}OhAIlLq~>3>R3ebl0mmf
g`b3W-OSz<W&>cQOe9~#5RyaBl5;mxH{YoJ%z)`%1A~cYqf$qm+}qWfVz4&_{j!jR{W4rs=yuCBY)IsI#rPE!78L;;kBp%xCmgcqVe~U-V<l#$tx5;u_fN
Oe?E!XDefoo)Aov5j`Akn2c8y$z8J@VZz=md8T?S*@4lXh>)9N)wEn;`T;}e1bnUG#%1s3R0R0Zwfxll-Ei$(x85HfvWD!z%SL!MOL3C{&sMzH;pRQFGm9
ltHi@m^ZxW7K}9cVY0IJsJEM<Ww2@FFAfj+^fyhKpQuBy(S96s4YpLhx!G8qq5-qd1HMvbI)1Nm>8m!Pe@=$mn5I@Ew+vCEC~)(=}QK)s@fUTps=L?3u8p
Hbd4qqIy`NvkiL44B68nC$!GFG5nwABELxO#2-c7lgrFk!pcUO((m3sBC4uv(o%k6x2XwC@$=7O)$Yl!$XqM?<1-@J7;mOhx66uf}nz3E1Ck!<XsNkKPBr
l&o#PRwlPrK8l<2$*>Fn-fbMs4C{byn{02#my{_@_uMW$Vk_>&w;^mqunodsz?Dt<40uqtH=Bo-QA3V|Y5c0n~Ide3;d$fC*v!jBZXcL>okBa&54a74`|7
#M148VuL-pVJM5DL}+xoY_EcPZ(U%#oJ@~qJf5&$)+<FB6kZd4d$HOf0!v{3cz9UMt|?j%tfF58l(o3|0Ff_W0DrX&1JARgJi09ISdJe3LQzF2{0Lp89^M
n6(0u~AU}3ke|Ap{Zry^KAncvSaxgW5In3pn+wZQbK@Z!jQ5q-OAwE%pvQ9E4{p@2>yEGF6!g(a~55~KO9^~h#RQtFq&_GN~6D45jfEH%Ufy06y5+Z@#Ls
P$Y6V<vS9m%;YyqVWv!B5QSVH9p?LNnNka2aWG?^Koj6p}YTeb$tB+mB8q)j_*1p@CA5T5WhGg_l$q7b}?;mF|FufC(8#toYW1ky8`~^n$UrhrQv>wj0v@
3a@R$Ay%OSI6XQB%6OQyoQCCgoI^7&sLi`o_>!313O-j3sXNj+8;VOuiWrR;oLM}Nm@$m(^nvgFYK8B6tr(_cHpk`6<@m(`zI{3J+ovM7|!->e30ly4ZLp
zUR#xF!ZKPFv#AlDK0O~J=Dd$s<0!tN?~@-{1=jRcknhkXX&LMS(H+rH63rA7RT&|Lf+z#xQ&({Z^x8piP^ApGgR*~v$AZiM8Q`MEAC?sHuW<2r9f#eLo^
L#dx*cn%9W96szE7G-`e(=PToEZw<GWJg*Ha6BZ3%?Y(z^CSJ8&By!6h8tde0g`Vh*M&IV5eOeE!tGo31{|*m!oCLB4(m^C!SSfAuzeeTPL<kDoI8bZ(+)
UJMDI3&-X2J=1?OL{fa4v7@JVTEc8lZ}evUMgg7JRjK--e+I>`Has%#-u_7x0Z(RntqnAw}WV*K2AtaG2CGF;B=GP~^!((8#L91rD1BKn)4{hhQI8E~gG)
00@|KGC_#G<`nAsrlggbDfJU&a0k+dUUolK0P{FZtIb)N17fXdCDxq@lcWo<>in*)lX~Rc0}avSTVkjk#cMo%49#Cr}E5!U^R2#NONHMWb@xl<<ceDE8#t
lY-+iaT7EDRe>j!)v^15V6H3S&hpPh5_@UC36mcxt4_q+>6v^N4I$M_XWuE)W+Kb*=HTHJN*yx?V-!k?=k2v<yQ`e8>=Za(VkNvH7=i}*hYrZ&Gb?~!8Bk
u7-BhTmd)a|UwAAP^={ZZ-NzN*><8%Ce{@RHik&t%nlD?YAmIQ&KJqaFXO1+;$~?5(SF_10~8<6s^CUf+oDbYIoT@k1kdqm5(#>wo2VF3Z&YeTOt!`P{#2
>)+fu_Me4+9DTO+nz1)N&K&#E>AouOYkea>eXDQe?bmxp-npr-^3tU>l@!%e=X$cI?yv9cuLE)%T-smxmuDWS+2X4_zGlIi6Gb0XRd3reT(x@B<JGx`pE&
WoQ!A@KTC%)m`M;{&qVIUQnE$hib#Fhm{^2JVly7c)V*P(T4er|?>MyUq>7I(uH%**)>P@yftF@u#ne><4XL3%L7yjXg6}w))d-Nx-PmDZE4^{fUsIR){R
9|^`z*YA2?|ijKa-GL_yz=YH_oy?K{Wq^FFTL?_>FR=8YwsVr<OJ9C@`;CDxO{Zsk0+`h?s=eQ*9%vSzIex<tIM_@uK8@s;;ONG`YU!n__6!&Ws9nIvWF^
qzVng$m#;0Z%Kx&z;wtVF_k%5)NB{As`8BS(=W9M`{6*#WOIB5EdG(0<&B1qThJN$ziItrX)}Hx!M`dH%vdViGzgYEyFK-;(GxV!UTdM717rWTSE|d2wGq
HFzaeic3g)ZXNm4PJVhjHHObi?HGR(YH4c-xM*qw`h+4F-8Dx+LLwD>8qb=)Bcpop8H|Jl4e)d8;EEVIE*pe0tP-gRMul9!2M^CN|A%-paQT&s&jlY?tZf
tsI1(;h46+QE%dJBv;<*<c;y=twK$<EKSC5btFuVwn90Yo05L(AiOVapYO2CRQ6kBf9ki9@}`zVo$o;YA$gu+rp_gd!*dyfamII<x7dEEttZibsc#34M?R
M^UB49R33;9<1Nt>njqk`j&r+RmgJ&g{>ENZX4#7(-;=SITDm=6+KD`Qk1CN*OGQ0H(osS>ih2x<oXS63^)PkM_LV8v-#dvS`PJEvu<=8G$^UD*LPi{_$e
6lK6b0X(QPu?0|yx015YdmBhhj-g@l~}pDJw@(Qko<5G@vckx+vTJp^S7S2&m_(rN)h=m_UoJOfO;3FUw@Rb{d(K~i1zF2TW~z`x$f!u^{Ald!O?kUbbp9
^ew&Od$ni+Q5Y4ll%5#DGH)JRJJ`?%8g7#kAsl_4WdvRCmlo338e6<eFgmnmB4*w$<JiC3J4hGL?7wX_;aoB?a=vijls$ts$T|Cmv;CKel2Wxsv7f(ALIh
Bsv8S=f>b}=ro^!s!NzOHte-TGaD^ptoHJbIA@dJzWs0uS<q9FgY|E%jS_4jaAr1zktJj~>yfxD&@~g>Wx#=Nry#T*#+TzCrt{PaYRvzG0%>8V~uwts!eX
WJg1H*>V-1Ty>>LzQH)ZPuibY`>iuz$Jh3L8y#N{5&Ku7&vTu>=jXne63@>y2jkl(&hoYlpPzl=Xo}{g&lNwOv-yGXV?3pwuc(Lbld{jL*<~tz1lpfIlt_
7l`&)wgMSd^&{+*dRr{;rh!$6$hQ9X9I?Qh$968#*Ki*P@|dmr`slBoMb<a+`$D4)YhPh#C4LhrLgzxwBpuBY&GYvA5bmJZG*;9R6%PAzw#hrzw35*@snf
Wf;*i*@j|1e^u?K=2g=yaLid@RbC76~saCN&?O%=Cg``b1dTa%>6K*c(>k;%rTGK590CH>HA^)1_dVbVVL)^-xGR4+mUhj0ALgPJv<X}s&*gj({6lUC*{~
K@x~$3JumcXN}m@}<w~9nl;b0hTjLi&yrCzo@jiqM4LurT0FYkqW7cSB-|p?V#zSfO`g^VMP=3C(&l(Te`Ou;1%GFfk*$ET*8cZ=go2fkG8%ddGJb(N+n<
D%;SNWh7?o`MJrT#v8uGTLvCDv~S-yf5r{Fo_wH{ec2dzZTMR&VPc#*eKj!4Gu)C33&=fHgkKi!}Gf@ay64#C<X7!F9-cz}B<)<Z8EV*Dd+uO=`PNekzFk
#E{u1ip)NVWbo-Dg|5LTq?G!}ellvZpN5+3C!i+#NwYXUT}D~s;op;r<I`l8c*N({D6>zGnSEl+>{DW9pA2)HCuyEJ`}Rx<?VIV5Q8j<d8h;r6j>nkBAmp
#}A#1#Gh}Zf^j65{NtN3n=d>Eql?F&_|hA*gnGx6{LddY-8U9*%Q6Dh)vbM+ptx7^10<kX7i6336zDZ!8b17`aEpa
""",
    "keras_2.keras": """
c-rk<e{37o9k-K)x@kMow4wn@>xKdyN{yW#C9xgb38f7U6w`(-ZAqQ0eX%dK&#v#BI&D(2(xQ}wwrHIev~HxRh#)krV*8_k=7+i>iUd;xXetA3flV4?9qJ
Hl(U_LqkN0ff^PTMw$Fa$Ks{3;HzVFxfKJWYeym#;J?2Y*gR;a|VR#j^&+i2td;(trIpO0h-7r_#`cE(R1F5OQC3C7Vu1{umvmm0OD<+^f%PG4H4E#;(02
Sap_F5$eseB%a#VMBSjO<!rOG8ii=O1tfnstTP=rgOzA75`hzopJi<Hp&eu^7&mMFUgn0wmF1abxhEyBWX89le)GL?PR$Y5MI7!r<Y(D2Tk|{`OVTap-}G
p;Zi8T6-^3hY>=R6VxLeA8w`=$DKF8<^^H5;6Wau_evlSd;X`yF#6HX?A{Fi<Sf|H9@yQOxLj-u~J#@(HEz?%C@ET(~g>$8CUO&NBl=In{01;&PlWl~T;a
e0W+-^ao@C2+@EZ4wi@&`bNfmAo2k91QEO9n|7Y^YeXTz-n)=MT}GAg39j^DSHnsViWcKj<U8)FFazg@V#)R7OVma{5T1L;inWjYOCd8oj~LBJ_nrCmW+L
A4$;B-ggi|ilCiP9|<+JFGP7=j+o9UT*~ekt;Y2;PPcpZ#Hd~`{5#y;(lR}jZz5?9CGx6v!L$@r9HJ?fZ&?MeOK#|Nh;8SG9zlBq35Im+qX;Hi4%a%G^m5
mQVky469QKVe&5uc!>BJVVKj>#4r>QnhX-H=nQUHD8Ys9DU?V4dbc9TIrBdtGiouK!eK*-DCNvsuuhHsB-ilAGH?UYXiWpYhmgzLs4MaCth9l8<R$Uzpxb
rRslD|rWbAVkvqRZxH}BN50ULoAjqQIJ^I^i1=##(zCuXDW7Arg76S4bZd-meuF?an~p0<4)*xH8tEBGQdz?!BpsVdcA>f0Vg4#8WhSniP$>!acm;fgVjy
=d^4@|QJS1qoj!jDMY|om>&bL?LDkUDWw_(Q1(vmM;$@IGnS3TW!zbpMCCisye=8EH8GBqW$8L!r_PO6_pWEG%cHb>^o^lQxdiQV3IO|+41^g3YN-Ef&QN
Lq6cH~cq5<o*z>OEJ6RB49UV&abSZ($h>*fL-?4zVK#Xc6nNgIS#X^5sUkGdk65;f4Gm7L|%tCQ8Zo23cB}POqGPUx4zGvC=#<_5rPP-5~_bdHoC{tkLky
i8&A=`0B}E&@Uk0N3uc6DYUuNN06m0Acx~1Nx413zyTT;PjGpoSwKoKL_0{rO$NQ4(UV+11B@d;1|4LWbcVo~1BvYv>j3SC7dvJpD{yy5%cb7%iT>wQD*j
i*FPiZyOghjgou}$V!=}wk3vVkFGH5ia1%gyGOo71Xk3ELztsqu|xEI8OdGNeiNGk#7mx1z8xu)$8KFCW?ApzDiQ6R<|6%O+;G(1>m=i_E@tOxPcJgFQvx
nTG>GK9f-FxXV0X^G->eUf^W@Y|3t9(xL6@vBnAFAf;LvG|2{thWHgn;7hAs&~h>M>nZCs}6B~wN_fs4RBm!6Jsr`e~DCX;4U#9y9da_@v{(VH#iO~lJ--
ZFO@^bPqqgoJAn2#nI9Wmg8dk_15rBw$I<CU@_sBbUS<iuMTNkhE{Vl&z9N1#H%ob+zEo;Aif&7<{lXzT@p}Q{7S021O^h?te<;aS14q?-ubdxKN9^Wji=
_Sp#W4;_cA!AinHnBzBznx}t^@yfkp}uGkr)(kNBsG`ygaq&zr-t-uU6eG@6iTwLLUndo&<YwV`<`i&~Dp{63an5-?u8U9JHrncYN3IB@Sq{2pd&?1ZPTd
iI8=fb`7{TTGdL8YUPt4T^Wb1%S4HFNQ=UAst?U`AB+Tcxks#99<%=JrIFe@-g<xJ%hfi^uWx_T^2RHJmOuSu_vqZ|>`ZYs>g=V}Z<@NcPa6CFe#N|WYM|
!bX9~=XN6r~5i(fT$G(T&4I{15Yyw1cvsnzN<>*(roQ37==y;(KxuGK$pe)fqshrj&z&l%LsUsmLTZa(kKH#V+*spe$am@#v@QQeXYy4l&;TKnFGJFOQB!
=}vXX4T4E(2c(Ci|S9`bD3TLT2z%e-Bg$4f^G&LUv}wx!Dog)`=}#>xM{jI7j*N=niuYGHT}pK91d=bU<t$q5SN3v0>qUdt^zU4ct41%L0kjN0R<XBfd){
Z0TgHe1sXtshK<tsk~ZOb;Z2eC!Vi`w86%J{uShHh+rQ+N#Bw&cuDCMEJQT#6N)pS#b%^HM=L-+^tjb1CcmCtoEZ6OWmd)4xJ+f!VV(TAQ<y#+GS~vP>kQ
n}aebey&^k-}5PG@KD$VQ#r_s~yG?@b;z)mxUC-yXfoy!-89bM@^nn7@DNlj;}$_Ez;De%V};IomtFIu~s3I~Tpfr!VatzEXU?HgmeUz9tuRqX};{wmw{8
{9Ws1W2$3Kjp#@{V_j+1%Ij)w$6Ei_Pgu{cdB1l1<(kpC)6KflY}C!!+7Hb|#<7~;9z0_f`N2Y!2c&(xI&t0rh$q)1mV-T9u{N<>50t+%u^b$Eed`j-LHc
lPSz<ZJmo6617C(^MCUx2{)w@o*(wUvMsl)X0aOQM!_O4veN%0TgHYU5DJbtfqJsOAk70~<1aNag?k5rD|wFqOd^U!fHNCX04hm;zb&m{}VaCuD!I0wE&7
?&~jDU96LP4_+rk)Py6a2H1QF`@UDBl|BZq;eO*@wKY?dHs~`&)dqx<5pd2cA(OL{S&qWQ9A(f)T5JMM>HTD&o(1F5Zy0QQiha^;24Kg=P8;rad5pso`d&
iwLU(-{|9xbkI^O}P0;prm18_*23vg<xri+;)G7I0l#e9yyG1pae`CKJ&%Y<DW|w~};WrHKKlWFrhF`A<^G1x{c;0xiI<vgdj@&m#ag0NzeY?k$i@v?rq>
bZ^&BoMt<8RCuPnp5imD=wbZ$zK(OXhbQ9+28q9OkFrh0piE{Zpq;B<6RvXTW+&UwV1t1%TV}`qc1i--72o7{BrJo*VVEJMV$}CL!<C^hkN59vs_`iZQ%T
H@QP9r)>iKb*Hpl<4;TFCc$yZ2`S!tZBjXO{J`<m-yoG61IH6vrS`vhuT-uF91pb4mTy;B|JVf9KQ_nO0sOuN98$9baC}T|M)4-~bE>r1f$044^d@OND2{
QMo*h8#R5CtLvJLYAYzN}`fU0qJ`G69BdqBMdkEDj*F1yrk<1oMRtA%{+5viQg^F@(;FEjLG&5Z~TL~x9Qk{!s@GYA1-DYE++1WRGv$S*!yZu#>1Z59z@`
4Nn@KAJc$wB1)8ODqR%<-~T3vGii>gYCJ1F<13JEDxOg+H%JIl_mY}JGrq#o>30u1XeUj_zAlHkc^*%cVT{w`AIy#ZrwRI{CWb`yDK&Pezgag7vM0j@eA>
!-IbVMr+c5l#hub}Q5@rtD)-6MGvnjHa%9&t<ISJihyM9t$7oGgskQK_?W4ALwpo8({rt%O_OC2&RMuGiLyN8GK7_H|sqt=e3&z{r@a~8A<^u2bF8Jd0*I
zqodiuqqM#c3n<o;38=g6FxUt<3p@1Mt7<@qK0es|lq9@`5090<T~ow4}E_aSje4ZqNi^*B+yi6OoBA@d@>TT4poX#mF_x3pa)1j26-yw5)$ukif`M1RTr
*g!kD4tPjlJD`g0|LJv0<zzmJDV!HRgQS}NbNWj7)qoectZz>Zzk@X9VHm&h>wFFE@;q#|p68!%OZ^jyV`yIoLsGeMaD3w+_G7VjpvVjC37wi9SaJaSF>D
9o{g|DW$|ZZ>>2&>A-1i^$OUprVjDwOL$k_X@fu+dqHLEK(J!$Ry=7{zD)DdgkHz53p^Fklk6ih4!ZEk=`EC+3BAB!=T8pd2qE@13fB|8*&w{2+ffu}O~z
SbT#7j)DAs`mBETVFQmE6xpNPB&*mxuBcJU5BiCPnY%1A0M<T@i&y$CgX4G594_p=5O)yxT5gv&f}Eudm7Yx;ZSP$J>M;DHxBa~zYtI3hZ4^}(!F296PA{
X;uwcixnZXEYxDrikzM;W-WvLqg|beLd{SROa_gxn%a-n|BPI7)NBvz}tsC}F4I3^mjN7jf=t^x~a{UO#+uY1c{`+Ju@XLYguA!4tuA!ahTs2Dm8GUX!nS
bs*j`=0_&++^+aCC0?<qc48(eYUP;{6&pq=sK;$MnZhyaBtIrg~9+dG)BY9u&toOwSIW@5@NK@30U1F>D9o{aE#h+4W;EP;?-~I)vSf!ZErd1nvi6$O9pg
W+?*P{~}y2Ar{gdhDf_wXGu@V#*z6HUa!I9Nap?TeVJXa(c6%6XZXG{yk0Zg-$K)$lAlA*?Rw3B{#t1*D8JXbcjC}!+<V|prnW9~>@>#Jbk=3k_ua2E&xs
P*{oSwfkDNpHMs?nbeE3n_wW?ZM*+v_%hf8B*dxRePNS1IBETL;>{4|=i(Ai`<SFBR;zr~WQ{2m&opKhbvaTx=5ceGsU4WH=eG{*mmBpIugb9MS%q*r&4q
}(2s(Rr%ujRiM}S0`Wf8W(?ao<I6Ok&g=7
""",
    "keras_2.h5": """
c-rk9eQ*@jeJ^~Skl+PHA}Ad3qrr*c5~AdbyM!PFL<k@@0`aoRZIY9{4|n&D1PG!i6TdKySmS^iEDTt+ruLsiNy1PZaYj2Cbvjs`7Hwxrt#zoQZKmxs-M9
PR-oAHxcbgAFj=bLh%kRD4zK`GjzTR)&zI&o##mcnlbEh)^tX5_+V`KC%2x0H9a2(awz^esbTjBLY3M!wf)MdbO8*JY`NyRJSjrVT6>n=b&NPsqwEcKGXP
?(5NaaUO-xK=^j0k3CMa5`VW!}0DNoVTG-5@kFPl)OIgPEOF3>E$&mLBHuxUP-x5Wh!7hGns1{E3=&wSkWEk1koGt%jMTwEXtiWtuHIq@6<?<QkKe;!v9;
9_G;O>?VR6}u$}3;c2cl$r77*G{HP1~>%9$(GA<@=dmCm(+M9&6XH(jf1lH^K`WsM_iQ3ze5@~O89DCrH2A?Nm&K`7SL%E=;F`?~2C*g<sd8AX54CQQZP{
o@ph|Yr1A$_luR6H2Q`$g?kEK+gQe=2hVwwEgFNe08S&9cq$vp!C>I5G9aVu{!T-F2EyuYr!I>F}%Mzf*L$m9PU-pzb1kD$(9F-F#M+uV1T-z|KV5CmHf`
@^W(=s%_EijSLd!7Xv~)AJ`GG6`K8!VOM4y&x)eLfy^R%=E{)2PLfR{%V%cWGgadum+#6%1d5>ob&7>yYk5#A2_a4{QkW^q_*Syn)&5{eS_`U)W@}lguF>
rU)o!to4Fc+|{t(Y++m}?!q#mhRDa(|nz)DN<!0lp?6+}>2&+;PZS6~|&IFGIXb*r|U3vL1qMwu3*YB47B`fCFrzsK#Dr>V@OS|%iCvo0X`Sl+vn1x?1_l
b@t9;Fr<l;xGjK3wXjdd6l8vo?ESqSoUU;Zt^~k^~<PwPiB}EysW>DgC+WDM-4G*@>{p+c;it1>}sj5HsZ+&S<tu`yzrnplROCdy%Oku37D)bj$w6#GLgj
k8x;zXbJu!VG189g*!{8xm7SjC1(T8`4GcjR*O1a(rsDZ?boHV#T5J-l_<#_QHv7HxGHZy*h@2u~h=~H%;1wlK;5_JVR0GB}!f|Zjgn)?mAHPpHdzm1_%M
V=b6-t0I9>W@iw_d5)xE8i44?$F(n?y7jRiT$H?U5VF6e)P|C2JG+P>AybZp9EU5hECPMo4WPo3q-Np;<Cuz;e)l8JlC!(-5={nH9yV_yRter6HeO;K(T~
luNjv=;akHbmTZ3xnKk`g(5JpQL&EI_fgA9>{#nT1MBmRwA1x|Zb*Il0$~tn1G78U(}i6l8$ZSqS01pT=};eou{8oW8QB!|o@k>o9ABgQ@)3I*-s|UBf%=
>A>Tg=A^)3f@14e!aIi>jirp)7sAzQ3kV@9s@1B17j8d0`=D?X9jkwsnZykTfUF4cr2kG#~!ZX|K4FzPixT||J`ClWf5aep-+3WOw*D$<!s)zZR5a!6WUN
m*y|0Z~*Ikibuh4~1C3OimC2idgwLN$}RGt&&21k9@~HO8rj-HW-Ww-?XJEtEhsJWY_z(uGv~Kz=tFb_AMI`FgG>pD32&I5Xf;bZj_Xalt%KEx`E)sE)R)
Pz~?OUu)Y`rMpbI-ZVy+-Hb=Us<Gn!;%jsMsAE;$zxrnL&C1I8iagidRr<{+~#iKIjHVEtF(tx~z+#z^np41D9?WxlZ<3X<^&(Rn3^7?4kE4q2EfvszHYn
;&4^0Ki|vX25QaVTPRsF1%jzi?^(9l1+TFp#Sb2BCRyY<SF>%iZo+3KYjDHVCXI5-ztyaw+<}N5qEWc@mWWkktUov7jpyXq1A{+EvP7PKQBx9vQG;Th~8o
52_I}BSBs!HAX%sjlt`caV!Q_ph!ur!!(X|RqIs)0w}IFs(0sUE!ebt8D5WCNGIk~CmR$=zHt^Y9~6QX!G!-c#C(A2fx2rA$CIm#XErQf2(Jc9n#H<+8+F
HA2d}pzz7HGf9K-qNYV$|=#<_9Y1!9W^ay_J*7l&Snbm0xCT{I405*GUwlf%&3!|1}%bT`2I*~aZ@f^(x0T{xO<e!THT#DrN8Z+tpBd%W>Q#8P|yvyI!+=
rUn_Cf;5mwlg;w-4{-L-_3-4#_3Nl7MffxOxz!K->nR;PkMgo%mDKfBf4-jT~-{v>dXeSD9&@z)7=K^k$sb$h@ebEn*n?ea20(QLV*GW3KS?%pfD8Jv~K+
h3zMR)OM{c~eE{tc?}7_1v~D>!6{ox4gL@Hz6O)f<-w4UC*!#K|)BCz+nA&f~nBH%e8fSkDlcQc5v3*!f?0uOO=sqkavM&?ak(z9r4#{EVsM@V*T7LtJ@P
6!Y0a==j=V2OiaJn{#cRFzUW-r6(Dj?oi4(pK}yc?%u*24OA47M(2*5h<p5U<#vUJGD(|9v>!0K_xyhxABaAH?YjAYR1}&u)?Y!uOG8Fff&@ZD>okyCCmN
nfw_{{vb?%qWx?n#IiS8xhmd@*_+t=K7;wVoKcwA_6F&7Kb{uS^6HxYj*@>T?L{i|l(F<A(Y{Z#uM%Bn>V$hH^wkJYV`A@DJqPt@V2L?BI(sM8BdSLcJwp
C0BOj;JrDPRADPPU+49jm@G`Z`{#r+s5#}t?t{&b4UGi@Kc8fjQk)B^NAGWIn?xi#Is0KQYVGjpuWoQGlk6!{5(`jiy4K`XR4lPos)$ZsY_)HE*Ev08jl8
lN7?U)LQ}mh@2db!GQIJ`eX5?#^^g-?y=^^rLmImkVC%-TvSY&iC>QU4iZyE`IWN@4oxaqs9AQd$j1^f5~@E$-B+<!1<khd0*6ZJExcRzH;Fj=l9>vb$SZ
^?kqp>qw`?H4^G7IGgBXSHUDRi>*(Mf*JJrocktu-?i1zv3P0$6+v#-;^nSH`dGGbl4mwx0obAn6?CJ~bUgNrb`(RJ*>1nQxZ#~@y20h*P9q|;lzhQs(^q
S+vjwMIBH+y!v9F4nOH$A_@h4zP7pZlygcz;8$Yt;tVp<}(vZv5cW-tXs^I)6Ryedl|xpK$*1g)M!@=D%OOd*eXS(|<ctk~Y{;`0<ldO77lsq$q#Z8^z(O
XNva=zbiSn{H2m-w!Po;{g;0#`KEbN(cSZp6&}bwRdio-&9YBAZ*p}_Zz^__eOK`HC!P||Kd-u@V{`h+nZlDj7rqD=zrNtrr8UJ*6$w4UokzcX$N6pL3Fp
dl|LWbkX@=_$H%xM^PAlvCT3~y=$-1}ae~!b;7O#G>_>+Ohi<djoOFrzorDV&8vq}o)y;`#9<W~i+{q=)_-@jE=_)!<%({}QKo-?zKF0(eRDXLk!r0BObr
;FNu+~zvG;L~LrPZ#zbUiNv3t>{$YZ+09k2^Sylnf1trMO3mWP@q78!qDQ%3~aqRdU0fa0a`)h&^pfeVVt)*Up}<FRn{uH-lpsA=)6^Hxk28_oj2-vD>8p
Q+IcIRPPlDE9_#8jd8@V+Fb}ZOoF466P4$TCQFPv_f92Tbtr}P0c`H(mDU2*{Wg+4W%ZTHR(iri^_{v+IU1Kh96{H8B3@L84jG7#+g>p1GDdX05_+Fas@1
QUoe~au-={i#0R2Z%O9Vk8|_fw43zJyb7Uq-vh^<Cp8Jg%oOvGoM)`)S;O)1i;c$nV<F_iso_9YfR;az9ZjjBAFwz9aKI`u&68TOj@ZMDWd?{(PzQG0h`Y
CPf}ejq@gH>y=ZR&Bb|D8{^X<d((L@jq^rVuC^sfev;&em56g~%KvRvM)QmD=iOLfoMGum68SLp=WTHRq}lT&Gph0Y0tM>NmAujYIGw?Vwn{nt;Ca~ooZR
;tIbU*k{+v8ta-L4b!MEjeb$AAY=X1fg*ZO=e_||@*4hP@z-lD^=V`Arf_ilmKWScoX47zdtQ<&I#Sc>AOZ8#nJm>zxPPM+mpbVh^TPiDl(%V}}g7Mz}xW
8^2!vN+vEh}%3gFL!C<wO|sh10tvFch#6%2h=<epAO0I#fJEFnjQ60xiTkLyOU%cVC-*6`;*AuwsXeOKZS|uZ;@Yf5dLel->+W2{p_ttv7h~Xy*WS8>Y*}
xdHlqiNt!RZRQ%|o{J{8eCaL#3?uF+&(D%j^h7(61|J1~j@}@%NDEE)f;Y8m7qkWa=+)OfKN1p2`1%hs#3v;|1|3#@w^`4vjet)#zb0>=Xts;&4slG<X{a
M6$KIA!!;QU6t9v2K#{>k%$Qkg1CJo!(Q?@rg+S7C-uxWQ2uvvv3)0tYLPYjpUn1P;!`%+%qT1P;ys)#t}=CUB4|pQFR)68Jn~JU0;djRgIC0$)JT+X;Lj
b1B{%_9yjwLvp=^4kp&@J@I>B+PO0iQQI*TKXalP#g!DOpNXt9+KAuTgYJL{6LDhcu-7%l`B57@C*9F(PJTP#x$qA9D5?DF;+@K7oDQu!673HlzxT2y@K4
C^TnOWOLCP_*ua%GBbWIR%-#1b7fyQ<qV;6j$Ehg7Xd+B<K+JWfxQdJ91cWJ&ui@ZN>dm7j8E{LByfXnB_oj4sS@94eo`F5Pn`Vy=^g!?_mF`TXn;!Ves#
SUDq_f6-L;(b%_$@uiz`ezTd1!nvU>30+Pm;U`U&ZPb&I?n9ccWL9ySn^x&7_{^I&B<@p6Er@e@*5o=HSHhU_~^uQc%0G?@r%#n@@abvrz7PZ#YY1#<8<~
{U|ymFx7QWF!0CbzZ+nx*NAcsM|0YFzwD&1<@li%AwFU9z>Qe2uuotQnbpMIUkL)DjhjIKtu4@y;A2n?>{-E(k^m~SZ12`S|-N?w_GmMo!7bJx~Bfp8_u~
R=Y=Qk^#r7~>BE|T$VBD>i10=0|OE=Jo$+rcZvF0M#QyV(DtIlI_+kjn7ok*i9&p1}CAEveTN<a@1z`#ug+ze)XObUw4<5KedHd>7YPm<)M1+t1DU&5lD<
hRxVTGM}CBcf^iRyGZR~v|X&}xKi!n(@9|$?MKbo#jXx2!<Q$1?xgDpj2|bHdObnze@o;ynb)b`q<%BnZ?+#FAAWQ6&)+{AL%+wD->iAtoZq~7oXW5nyGZ
VPNqFw&FR5Lmb}`y6cD{L~+QrY3!Y&3o&DllkTU3UJ5<idL?~<H{ax~t5mt?H?@#m!A$NvEq%BT_
""",
    "keras_2_10.h5": """
c-rk94Nx4_c@OeK0*T;XFy`lkSkWT6gCpS%!d-q$Fvf%=Mlk_l;TE{${&IH^NJ6BEcF>H9)mEah5^E-?nMhOHLK=Q*wPHs*j5-dQYSY?InU2-8qb*aN(tW
${?d^NFcelWC;pBajWb^iY?{~ld{r25MMeEkjo4ar>10W%RnZYD8au|is+Krb{eFeN~;I#!_JL1s&SwdYZyq^sF*T#$GV%YGmZMWS9uty1yCXyjuQW*-<5
sGeGT@0=zu&jgEfjAt`;j(h}@_n4Grq<`>%PzOi=CJMOJhFRodd&zkZVIGVlCG1OBG}J-=4vK^*~58QZ+SiE@!DKY{{D3ujnFb#8Y=-Ccb5N_a4(6m!2c%
*{Z+D6dpM^xY(H~l{lsDOnkV!l?njl&S#7Ifgn2O```bI;-(Nh|U$W4j&%@fBHfIg$GF*SBHU9o)gpdci+3<NX>f}LJCZr3>8q-=HbP{@K(2jU2UXjk4-D
0^xgYYyM9^&_ry-?ry@NrQ;MK_COG=37(0sBkh`6QLGvyHsWak36hlsG~8M5FP`1KD-9jIRNYUm+{cA?g!^@%`nQ@GmOQBJgL+*0W*lmQBJ8v`nCU;vqXL
Tc4#9Ws4+lc<^yfugg<yckT1b3Q2zOa3HP9&U(GV4y2j1Y3u8pRX$!cvi7u0ZJH=N`1=Ra5P~SE^q^LdF>IwB-1m9vIR2KfonF4Yi|qJzr@PL#2~-muSF*
mU+HxDHF89{5Zh*bZS!cIrYIDkXRI9I1xR=H+g7xKOgXUg0>+yn{)vVnM#`Ul@HJnv;0}U(oD>MQsMpzicYEnkCIV)XtPHVZ7U#PH>G9Hm!&1RR!!P;&6S
<q#WopQ=?g6^2o@<MD0_!sO7+h7wWcdNckm@}`@e6r;`IM&G*#Wrd6tjESWt2lT^zHo&}25i8tU9$br34abWm6a*&%Q~LixFGvs1$E^)W7vl}r_BdukOLO
XlV!cQ-8_<yb=C?Pe2<kj*6Z(wSMW}rKzZfovw?;2^aduulWm<aT$*43WXbBi!hEr1Y_PjLF5eEPt(xB+VmV$;AT+d*9<Ijb^>H4~idv%@Fs}*DV<+cvdG
YZ>j|o@LBh=aXhc1o^sX&;IVvVr3HeaK1E$ow@f>(HMKBCKj3ORkr9=Z};1(IKA`r6Lzt>c_v$AS=<S3(epdCCbSv3FwK;%JION?{Y$fG*TXAjPr9z<)@{
2r|aua_}2l=iqPXvW!Ol4(ImT>;gaPvUEB<m;;X?kPhtBTgA%9sN{TXv^k=NbvPzE=oTk8rZF9^dSH43Asp@H!l9AGkMhEW2dpSW#K)j4mp~&W=_0lX6ff
h_JBEnp9lOoRu^y^<rmE&?Dw8W8QW+>|AishNt$9{ktwHFEwOZ9nRr&O!hAQWksog~`Nk2hrEO#7Sp{HCC>-Jb~Fsef&Ddz>z!2s5f-<Tpjf-->Qs`HUp{
^3NdrY6Q8W0K-df*)#kdA)*z3ACnnZygJ^lk<370%18gpT|}u_DYiZoqUTsh5CCutlJ%6&`GW<D=>o+ZC5*`q1j5W%U<W>;MlxK0c#VZlKhPP6M=gU=8b}
u{=5EorfedlL}494W{RrpJX;A-JP+&Rke#Iy!LZU`TxrPF10`kUs@O)c9w}74P|Pz5uyTbyH&1WK)}z{NXvG;pPx|b<m4+3%oE*%i({s1#Rsv#lcxybY)o
+kCq1Xk3;u$>1<&r!uf$#*vlEpO86%q&vc@Xz=gcu5g;wn54#;g?QK<yw|GKpd0AW1>uC-Y!=K0c4-fU`_G|NUg5USvv>?h3{Bxl;RN#rC;U`xIh5RXmIO
_=Z;!>p=#d2?p4&BGv;)8Pr{^I3I&FpKIX#ba+*C8J5coS~%df5dS7M?PQZ(ptyd6w0;!dTNJWiK*Qohu7h}sL*fgTq|jg?#6$A{oVFZ)h|BAF%<EzOHA;
A3^8_saJeSGwLQDcSljfTqz8zRBYQ`)HK7WIJ{!4?;-yomAHh6!z^8RiJ-e0b~zcdx|bMTnyVdv)%`dg-AegN~vu=5l9`_5ROm)K0AbG6S4Hk0041*ans^
JW!v2{3Pg^@(yk8*h6cK>%TB4t@7PfdT~z6ev)j5X-QA^OkiQCQkB`-81k!fHqj}f({_^qlRYTc*72ui{PG~`-t*J$o&eQ*TtyL>q=CWZ^o$3H%khUAH!s
cms%_jiwT~WNrC2JG5)+vBu6STaXdta#SxWTv!(GyZpO#aLWkCpiN}R%vv9mtSnkx}@=d!M$18&6+O@DA$-z5tJZ2ND-^^fsI<p1G%Yfygt>QHg-XFXh#~
Xp=)O#U5;@90cULGu$*vBWg$o<0eNK+Xx5baNBOVOI)-dh+$B4ZeZ31BFnjf7zGCPOclTQGSOJnz$O!0C*_^p-b>uLtokl@#Zf_%}lOos<_zP*VoulW=*T
D6cY3z8*;2^Wk4qp2q~wR~>?UG?Jr^j|NsyKB9c&=Od)gQVlpBdVhk-=>3kQcgCf+H4@!*>Tx|r(lG@lh(4Vu?wORwE?OFzIPnI`#}0l?6`H1Km%?}ET4q
54v*3PMKa+n#pgt~6>@WdJoOn$#eB{fB88u7^KUT6YETQoc{dMJ1T9QM>h2ri@AJ+Hf9ZWONJ+iIO^7dx)vw6pQcklkP@SMSDc6TS5-=FdMxi8Ni&OiVBV
bg#AW-!mpzQtU2aerUKg{tntxvP7BJbYE*zdl=7XwCaa;o3*PDtxl$%R;o@ug|*Q-1zk&^9!Sg%)<s>_t|%<yFXof#Q59pR|@x-M|wYAv!?gD$3_c_ng)7
Pmz(=s2RE8C_l)-FUz=_I=re2g`=i$Gr%zaooiA(8{d(i6{EVCv-8-!N&AQry=JY4_nNj}7oX6kq_1s(2YuT{X{PfA*RZHG{ulI{3mcm!Bf1~jHiyeiZ{B
URA@7EkFXf1uCXV%A`7Hn&*SoLmay7|=HhWz6@QqHG(9`5<@LVf-Ve>hwCS#d|<`l0{y?%JMc{^O!}^Tv6r`+nzPdoE<$)$@h!_^MC3>^<%0@9TNz$`@80
|Ekn{eCd0uieEGK9m+q|^Y!94@=t9YG5z`PuNNHtU%PSV!!rxcHJvcEr@Wm1%{`CgzqR*+f~LlJQ~%<V#?QaoZ@Sy^dETOTtpy)^H79rB(&twG({$AI%z4
j>mx`XsFCBR>|2L~r3QT=B7F-y(vf#|Z=L(F!`cvLV!*AyO`*ex1df!IV;2k+8UBzprzZQI0u-n*gwCsDbz|s7ciBdKN3KS?%7@J+0iutRNvm*_8$b-hAW
s2>Ga@^|T+Ofs0GB!|uoBG><ajTZKN^z^)h{vtS`1NGQt&)kj)fFM)R;}w`9ALdVK5D+5@)6~uz_``m`sl{3YS-a$E0T^WOe}7tA?yszgzXJW5PM^4#jOT
5s*78>>A@#svRgF~qoYlbj%LK9-P#7<OVj)g3ggkYNd8zhlk_G+r1CqEeMsh0L@O_$ALeDWsr2t^x8rs_h3U;FDDS6sD~^XgbtAvCL*L^eD%FjVPsn_tBx
u)+*S{m<Jo5ZO@J*mRKM{OGC_i5+C8}|x;+TjdiFRJR<gfJaP-o|rYzvKt<W1*Y)Xs}6U6sa2e3IOc1j5cu7XF`{z({&A^tx;Flp`$dF+v~8`n(n9PpUm%
GPMkkFHoTRT!<Upi{mMNs>?{<pO0IglX<`X^Cicp&&l&87t2^2eCxhQR!(K`crN&MSRT&>-~Ok|%HSL1n`Gr{nc(r>=ABTQl&a%HcR9ZQ6s9*HT9ExzisP
Y^7|;n0<jE3&Cr03YYif|VoMeaX#PLZwMtWj^#qln|a<Y}i<tEo&bH|V$;6G)*t3sV0P;p;qJVd{jYC_{la@0oYN*!Gtj1fOTS>KZKC!D@*<CLv`3e!{HB
E6;~^jD<cuU@`<_Li8)XTMmjPEWL0DGgs9J#jil<3*FTA6;}mu>E*Frt=+};rR~qy)lLH*bzuSHP}gd6QMZ5<D+vy(RaWouM(Z(Nk;6*b4GnGce$Ob=j`S
9FG@|;dv5ak{Yby(4rlkb`l#Jc`86;<IfFRQ2b>Ej=i5l-CzIy~B{3zMQ1l-z-kl=#FG8Y>xWQ2u3uI+*bjUTbat87SU>Th4DUWyGM6^#M+NTrs%ZU0LiT
Z^^{q@B7i-_?T6YZA}?UxeuTB80274l%Xp2`C%4+7)vdBpFbp(A3Eo(=atjQqYqIqvSyvqlG2OXuMP`CT>&;ryD3<^>GKbY6f+S2HDgtNlJsSFNzz*@Ejo
T?39+0?Q5iVLjS~Cvm(1SRVcn9uFIO9>-&T0%i0`e0PWHrYc=2$C=4}38!B=o2Y)F`o*tb5Iwc+$MM8Cvlw5N^Nl6K^qYDB@@bPg`b}uY<pc#vze2eQ$3y
4!qu*JWDE*@M0*LO4zlZCS23T%8g3H%S`*A#y-l=^Qt@lksQ~G_Abe`s+(D>5t&HR+g0yX-D<jZjSMf)JtFI2w->X)t~ldE5%_de{K7|Pf3%f;je)X7EdS
xUod<Ra;JhmA`frG6uoi-B@+kPsU}J}`d;`M{IuHx@r6mfc6y(XZuEs@Ey~2GVcq(dhb(Esx>;U?(gOK90-RjE8VMlHRG`I9c{lf-x5DBi$qF>?7UJs4P&
UUr4?Tr(a5*p!$XCmq7h;>G5xi-*|OQ%Eh7|sFRD9S1Apvk&EQ})v)ojr>Wma<zk>*On3^%i`M(b7C3IlF?ICYaGdIOO22{hJ8&$zeq;Z$xIZ`y%L(nce6
4s2$0O;T`i;?g->8N5($s$6So@4R`>6QmR2HbwFC<@v&Hq0^^$XQ6f%+w*{oCR<u8T>(vAJEHT&(y7rC~L4k<7OZ8&B(?ej}BOfpXDu^78nN{czlir_|AJ
=Sx(tQ~C|0UwE8c)cnSgmvMhkdm8qC2A8jGCviNI-l^Xht=~&14q`7&Ex)n-MRoR(`<GM}sL?MZUxxi1=~t+Jq536Izf_#LynbWke($3c%E77qdmp4+>^h
@PE;e^j8Xk|njeMN8VoJtoqZglfASU87(c6z!x*ynn9FNich?e~5nC9~1?Qa!*MBbkpnv(up^z695#DpF9f0Wv#(f
""",
}
